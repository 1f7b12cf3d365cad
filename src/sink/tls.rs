//! Whom to believe that a server is who it says.

use std::{io, path::Path, sync::Arc};

use rustls::{
    CertificateError, Error,
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer,
        pem::{self, PemObject},
    },
};

use crate::format::{shown::shown, usage::Usage};

/// The algorithms: those of ring.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The authorities that a file names, in PEM, or else those of this machine.
///
/// # Errors
/// There are none, or the file cannot be read.
pub fn roots(ca: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, Usage> {
    if let Some(path) = ca {
        return certificates("ca", path);
    }
    let certificates = rustls_native_certs::load_native_certs().certs;
    match certificates.is_empty() {
        true => Err(Usage(
            "this machine knows no authorities: name a file with ca, or install the package \
             ca-certificates"
                .to_owned(),
        )),
        false => Ok(certificates),
    }
}

/// The certificates in the file that a key of the settings names, in PEM.
///
/// # Errors
/// There are none, or the file cannot be read.
pub fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Usage> {
    let all = CertificateDer::pem_file_iter(path);
    let all = all.and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let all = all.map_err(|error| unreadable(key, path, &error))?;
    match all.is_empty() {
        true => Err(unreadable(key, path, &pem::Error::NoItemsFound)),
        false => Ok(all),
    }
}

/// Why a file is none of what the key names.
#[must_use]
pub fn unreadable(key: &str, path: &Path, error: &pem::Error) -> Usage {
    let why = match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => "nothing of that kind in it; it has to be PEM".to_owned(),
        // Not the text of it, which may be a part of a key.
        _ => "it is no PEM".to_owned(),
    };
    Usage(format!("{key} = {}: {why}", shown(&path.to_string_lossy())))
}

/// The error of the handshake behind one of reading or writing, if it is one.
#[must_use]
pub fn cause(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// What went wrong, for people, and what to do.
#[must_use]
pub fn told(error: &Error) -> String {
    let advice = match error {
        Error::InvalidCertificate(wrong) => match wrong {
            // An authority that was made anew under its old name signs otherwise.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "the certificate is of an authority that is not known here: name it with ca"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the certificate has expired"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the certificate is not valid yet: is the clock of this machine right?"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate is for another name"
            }
            _ => "the certificate is wrong",
        },
        Error::InvalidMessage(_) => "no TLS is spoken there",
        _ => "no connection that is safe",
    };
    format!("{advice} ({})", shown(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_without_an_authority_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let message = || roots(Some(&path)).unwrap_err().to_string();
        assert!(message().starts_with(&format!("ca = {}: ", path.display())), "{}", message());
        fs::write(&path, "no certificate").unwrap();
        assert_eq!(
            message(),
            format!("ca = {}: nothing of that kind in it; it has to be PEM", path.display())
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
        let told = |wrong| told(&Error::InvalidCertificate(wrong));
        assert!(told(CertificateError::UnknownIssuer).contains("name it with ca"));
        assert!(told(CertificateError::Expired).contains("has expired"));
        assert!(told(CertificateError::NotValidForName).contains("for another name"));
        let error = io::Error::other(Error::InvalidCertificate(CertificateError::Expired));
        assert!(cause(&error).is_some());
        assert!(cause(&io::Error::other("x")).is_none());
    }
}
