//! The answer to a request, in octets.

use crate::sink::web::{host_names::HostNames, page::WebPage, request::WebRequest, site::WebSite};

/// The largest request. Prometheus sends about 300 octets.
const LONGEST_REQUEST: usize = 8192;

/// The most headers of a request.
const HEADERS: usize = 64;

/// The answer to a request; `None` while the request is incomplete.
pub fn answer(request: &[u8], names: &HostNames, site: &dyn WebSite) -> Option<Vec<u8>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(request) {
        Ok(httparse::Status::Partial) if request.len() < LONGEST_REQUEST => return None,
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            return Some(refusal("431 Request Header Fields Too Large", "", site.hint()));
        }
        Err(_) => return Some(refusal("400 Bad Request", "", site.hint())),
    }
    // Only HTTP/1.0 knows requests without a name; no browser sends them.
    if !headers_of(&parsed, "host").all(|host| host.is_some_and(|host| names.has(host))) {
        let text = "this name is not known here; the key hosts adds names\n";
        return Some(refusal("421 Misdirected Request", "", text));
    }
    let accept: Vec<_> = headers_of(&parsed, "accept").flatten().collect();
    let request = WebRequest::new(parsed.path.unwrap_or_default(), accept.join(","));
    let is_there = site.paths().contains(&request.path);
    Some(match parsed.method {
        _ if !is_there => refusal("404 Not Found", "", site.hint()),
        Some("GET") => found(&site.page(&request), true),
        Some("HEAD") => found(&site.page(&request), false),
        _ => refusal("405 Method Not Allowed", "Allow: GET, HEAD\r\n", site.hint()),
    })
}

/// The values of the headers of a name; `None` for one that is no text.
fn headers_of<'a>(
    request: &'a httparse::Request<'_, '_>,
    name: &'a str,
) -> impl Iterator<Item = Option<&'a str>> {
    let headers = request.headers.iter().filter(|it| it.name.eq_ignore_ascii_case(name));
    headers.map(|header| str::from_utf8(header.value).ok())
}

fn found(page: &WebPage, wanted: bool) -> Vec<u8> {
    let WebPage { status, content_type, body } = page;
    let mut answer = head(status, content_type, "", body.len());
    if wanted {
        answer.extend_from_slice(body);
    }
    answer
}

fn refusal(status: &str, header: &str, text: &str) -> Vec<u8> {
    let mut answer = head(status, "text/plain", header, text.len());
    answer.extend_from_slice(text.as_bytes());
    answer
}

fn head(status: &str, content_type: &str, headers: &str, length: usize) -> Vec<u8> {
    let kind = format!("Content-Type: {content_type}\r\n{headers}");
    let close = "Connection: close\r\n\r\n";
    format!("HTTP/1.1 {status}\r\n{kind}Content-Length: {length}\r\n{close}").into_bytes()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{format::readings::Readings, sink::traits::Report};

    struct OnePage;

    impl WebSite for OnePage {
        fn paths(&self) -> &'static [&'static str] {
            &["/metrics"]
        }

        fn hint(&self) -> &'static str {
            "the metrics are at /metrics\n"
        }

        fn take(&mut self, _: Arc<Readings>, _: &dyn Report) {}

        fn shows(&self, _: &str) -> bool {
            true
        }

        fn page(&self, request: &WebRequest<'_>) -> WebPage {
            WebPage::ok("text/plain", format!("{}\n", request.accept).into_bytes())
        }
    }

    fn text(request: &str) -> Option<String> {
        let names = HostNames::new("127.0.0.1", "x");
        let answer = answer(request.as_bytes(), &names, &OnePage)?;
        Some(String::from_utf8(answer).unwrap())
    }

    #[test]
    fn the_page_is_there_for_who_asks_for_it() {
        let page = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\
                    Connection: close\r\n\r\n";
        let accept = "Accept: a\r\naccept: b\r\n\r\n";
        let asked = text(&format!("GET /metrics HTTP/1.1\r\nHost: x\r\n{accept}")).unwrap();
        assert_eq!(asked, format!("{page}a,b\n"));
        assert_eq!(text(&format!("GET /metrics?a=b HTTP/1.0\r\n{accept}")).unwrap(), asked);
        let head = text(&format!("HEAD /metrics HTTP/1.1\r\nHost: x\r\n{accept}")).unwrap();
        assert_eq!(head, page);
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        let many = "a: b\r\n".repeat(HEADERS + 1);
        for (request, status) in [
            ("GET / HTTP/1.1\r\n\r\n", "404 Not Found"),
            ("POST / HTTP/1.1\r\n\r\n", "404 Not Found"),
            ("GET /metrics/../etc HTTP/1.1\r\n\r\n", "404 Not Found"),
            ("POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed"),
            ("GET /metrics HTTP/1.1\r\nHost: evil.example:9888\r\n\r\n", "421 Misdirected Request"),
            ("GET /metrics HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n", "421 Misdirected Request"),
            ("garbage\r\n\r\n", "400 Bad Request"),
            ("\u{16}\u{3}\u{1}", "400 Bad Request"),
            (&format!("GET /metrics HTTP/1.1\r\n{many}\r\n"), "431 Request"),
            (&format!("GET /{} HTTP/1.1\r\n", "x".repeat(LONGEST_REQUEST)), "431 Request"),
        ] {
            let answer = text(request).unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
        }
    }

    #[test]
    fn a_request_is_waited_for_until_it_is_whole() {
        let request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
        for end in 0..request.len() {
            assert_eq!(text(&request[..end]), None, "{end}");
        }
    }
}
