//! The authorities that vouch for a server, and messages about certificates.

use std::{io, path::Path, sync::Arc};

use rustls::{
    CertificateError, Error,
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer, UnixTime,
        pem::{self, PemObject},
    },
};

use crate::{file_error, format::printable::printable, sink::settings::error::SettingError};

/// The cryptography: ring's.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The authorities in a PEM file, or else those of this machine.
///
/// # Errors
/// There are none, or the file cannot be read.
pub fn roots(ca: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, SettingError> {
    if let Some(path) = ca {
        return certificates("ca", path);
    }
    let certificates = rustls_native_certs::load_native_certs().certs;
    match certificates.is_empty() {
        true => Err(SettingError::new(
            "this machine knows no authorities: name a file with ca, or install the package \
             ca-certificates",
        )),
        false => Ok(certificates),
    }
}

/// The certificates in the PEM file that a setting names.
///
/// # Errors
/// There are none, or the file cannot be read.
pub fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, SettingError> {
    let all = CertificateDer::pem_file_iter(path);
    let all = all.and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let all = all.map_err(|error| unreadable(key, path, &error))?;
    match all.is_empty() {
        true => Err(unreadable(key, path, &pem::Error::NoItemsFound)),
        false => Ok(all),
    }
}

/// The error of a file without the expected content.
pub fn unreadable(key: &str, path: &Path, error: &pem::Error) -> SettingError {
    let why = match error {
        pem::Error::Io(error) => file_error::unreadable(error),
        pem::Error::NoItemsFound => "no such entry in it; PEM is expected".to_owned(),
        // Without the error's text, which may quote part of a key.
        _ => "it is not PEM".to_owned(),
    };
    SettingError::value(key, &path.to_string_lossy(), why)
}

/// The TLS error inside an I/O error, if there is one.
pub fn cause(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// The message and the advice, to follow the name of a server.
pub fn explain(error: &Error, own_ca: bool) -> String {
    match error {
        Error::InvalidCertificate(wrong) => {
            format!("its certificate {}", explain_certificate(wrong, own_ca))
        }
        Error::InvalidMessage(_) => "it does not speak TLS".to_owned(),
        _ => format!("no secure connection ({})", printable(&error.to_string())),
    }
}

/// The fault of a certificate, to follow a noun. `own_ca` tells whether the authorities come from a
/// file of the user's.
pub fn explain_certificate(error: &CertificateError, own_ca: bool) -> String {
    use CertificateError as E;
    match error {
        // An authority that was recreated under its old name signs with another key.
        E::UnknownIssuer | E::BadSignature => match own_ca {
            true => "is not signed by an authority in the file of ca".to_owned(),
            false => "is not signed by an authority that this machine trusts: name one with ca"
                .to_owned(),
        },
        E::Expired => "has expired".to_owned(),
        E::ExpiredContext { not_after, .. } => format!("has expired on {}", day(*not_after)),
        E::NotValidYet => "is not valid yet: is the clock of this machine right?".to_owned(),
        E::NotValidYetContext { not_before, .. } => {
            let day = day(*not_before);
            format!("is not valid before {day}: is the clock of this machine right?")
        }
        E::NotValidForName => "is for another name".to_owned(),
        E::NotValidForNameContext { expected, presented } => {
            let (expected, presented) = (expected.to_str(), presented.join(", "));
            format!("is not for {}, but for {}", printable(&expected), printable(&presented))
        }
        E::Other(_) if error.to_string().contains("CaUsedAsEndEntity") => {
            "is the authority\'s own: give the server a certificate that it has signed, or set \
             insecure=true"
                .to_owned()
        }
        E::Revoked => "was revoked".to_owned(),
        error => format!("is not accepted: {}", printable(&error.to_string())),
    }
}

fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let day = jiff::Timestamp::from_second(seconds);
    day.map_or_else(|_| "a day far away".to_owned(), |day| day.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use CertificateError as E;
    use rustls::pki_types::ServerName;

    use super::*;

    #[test]
    fn a_file_without_an_authority_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let message = || roots(Some(&path)).unwrap_err().to_string();
        assert_eq!(message(), format!("ca = {}: no such file", path.display()));
        fs::write(&path, "no certificate").unwrap();
        assert_eq!(
            message(),
            format!("ca = {}: no such entry in it; PEM is expected", path.display())
        );
        let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        fs::write(&path, broken).unwrap();
        assert!(message().starts_with("ca = "));
        let whole = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        fs::write(&path, whole.repeat(2)).unwrap();
        assert_eq!(roots(Some(&path)).unwrap().len(), 2);
    }

    #[test]
    fn each_mistake_has_its_own_words() {
        let time = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let (not_before, not_after) = (time(1_577_836_800), time(1_609_459_200));
        let presented = vec!["DnsName(\"\u{1b}b\")".to_owned(), "10.0.0.1".to_owned()];
        let expected = ServerName::try_from("localhost").unwrap();
        for (wrong, words) in [
            (
                E::UnknownIssuer,
                "is not signed by an authority that this machine trusts: name one with ca",
            ),
            (
                E::BadSignature,
                "is not signed by an authority that this machine trusts: name one with ca",
            ),
            (E::Expired, "has expired"),
            (E::ExpiredContext { time: time(0), not_after }, "has expired on 2021-01-01"),
            (E::NotValidYet, "is not valid yet: is the clock of this machine right?"),
            (
                E::NotValidYetContext { time: time(0), not_before },
                "is not valid before 2020-01-01: is the clock of this machine right?",
            ),
            (E::NotValidForName, "is for another name"),
            (
                E::NotValidForNameContext { expected, presented },
                "is not for localhost, but for DnsName(\"\\u{1b}b\"), 10.0.0.1",
            ),
            (E::Revoked, "was revoked"),
            (
                E::Other(rustls::OtherError(Arc::new(io::Error::other("CaUsedAsEndEntity")))),
                "is the authority\'s own: give the server a certificate that it has signed, or set \
                 insecure=true",
            ),
            (E::BadEncoding, "is not accepted: BadEncoding"),
        ] {
            assert_eq!(explain_certificate(&wrong, false), words);
            let explain = explain(&Error::InvalidCertificate(wrong), false);
            assert_eq!(explain, format!("its certificate {words}"));
        }
        for wrong in [E::UnknownIssuer, E::BadSignature] {
            assert_eq!(
                explain_certificate(&wrong, true),
                "is not signed by an authority in the file of ca"
            );
        }
        let error = io::Error::other(Error::InvalidCertificate(E::Expired));
        assert!(cause(&error).is_some());
        assert!(cause(&io::Error::other("x")).is_none());
    }
}
