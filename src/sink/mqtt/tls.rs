//! TLS to a broker.
//!
//! The keys are in [`kind`](super::kind).
//!
//! The broker's certificate and name are verified. The sink never falls back to a plain connection:
//! a failed handshake is reported with its cause.

use std::{path::Path, sync::Arc};

use rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};

use crate::{
    format::printable::printable,
    sink::{
        mqtt::disconnect::Disconnect,
        settings::{SinkSettings, error::SettingError},
        tls,
    },
};

/// The TLS settings for a broker.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    insecure: bool,
    own_ca: bool,
    own_certificate: bool,
}

impl Tls {
    /// Takes `ca`, `cert`, `key` and `insecure`.
    ///
    /// # Errors
    /// A file that cannot be read or has no such content.
    pub fn take(settings: &mut SinkSettings, host: &str) -> Result<Self, SettingError> {
        let insecure = settings.take_switch("insecure")?;
        let (ca, certificate) = (settings.take_path("ca"), settings.take_path("cert"));
        let key = settings.take_path("key");
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            SettingError::new(format!("{} is no name of a server", printable(host)))
        })?;
        let provider = tls::provider();
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| SettingError::new(error.to_string()))?;
        let config = if insecure {
            config
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AcceptAnyCertificate(provider)))
        } else {
            config.with_root_certificates(roots(ca.as_deref())?)
        };
        let own_certificate = certificate.is_some();
        let config = match (certificate, key) {
            (None, None) => config.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let key_read = PrivateKeyDer::from_pem_file(&key)
                    .map_err(|error| tls::unreadable("key", &key, &error))?;
                let wrong =
                    |error: Error| SettingError::new(format!("cert and key: {error}")).at("cert");
                config
                    .with_client_auth_cert(tls::certificates("cert", &certificate)?, key_read)
                    .map_err(wrong)?
            }
            (certificate, _) => {
                let key = if certificate.is_some() { "cert" } else { "key" };
                return Err(SettingError::new("cert and key: both or none").at(key));
            }
        };
        let config = Arc::new(config);
        Ok(Self { config, name, insecure, own_ca: ca.is_some(), own_certificate })
    }

    /// True if any certificate is accepted.
    pub const fn is_insecure(&self) -> bool {
        self.insecure
    }

    /// The client's end of a connection.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn connect(&self) -> Result<ClientConnection, Error> {
        let mut connection = ClientConnection::new(self.config.clone(), self.name.clone())?;
        // The writer bounds its output.
        connection.set_buffer_limit(None);
        Ok(connection)
    }

    /// The meaning of a failed handshake. Somebody has to act on a wrong certificate or an alert;
    /// any other failure may come from a proxy in front of a starting broker.
    pub fn disconnect(&self, error: &Error, address: &str) -> Disconnect {
        let why = self.explain(error, address);
        match error {
            Error::InvalidCertificate(_) | Error::AlertReceived(_) => Disconnect::Tls(why),
            _ => Disconnect::TlsBroken(why),
        }
    }

    fn explain(&self, error: &Error, address: &str) -> String {
        match error {
            Error::InvalidCertificate(error) => {
                format!(
                    "the certificate of {address} {}",
                    tls::explain_certificate(error, self.own_ca)
                )
            }
            Error::AlertReceived(alert) => self.alert(*alert, address),
            Error::InvalidMessage(_) | Error::PeerSentOversizedRecord => {
                format!("{address} does not speak TLS; is it a port for mqtt:// without the s?")
            }
            Error::PeerIncompatible(_) => {
                format!("{address} speaks no secure version of TLS: {error}")
            }
            error => format!("TLS with {address}: {}", printable(&error.to_string())),
        }
    }

    fn alert(&self, alert: AlertDescription, address: &str) -> String {
        use AlertDescription as A;
        let certificate = matches!(
            alert,
            A::CertificateRequired
                | A::BadCertificate
                | A::UnknownCA
                | A::CertificateUnknown
                | A::CertificateExpired
                | A::CertificateRevoked
                | A::AccessDenied
                | A::NoCertificate
                | A::UnsupportedCertificate
        );
        match (certificate, self.own_certificate) {
            (true, true) => format!("{address} does not accept the certificate of cert: {alert:?}"),
            (_, false) if certificate || alert == A::HandshakeFailure => format!(
                "{address} ends TLS ({alert:?}): it may require a certificate; name one with cert and key"
            ),
            _ => format!("{address} ends TLS: {alert:?}"),
        }
    }
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, SettingError> {
    let mut roots = RootCertStore::empty();
    let certificates = tls::roots(ca)?;
    match ca {
        Some(file) => {
            for certificate in certificates {
                let wrong = |error| SettingError::value("ca", &file.to_string_lossy(), error);
                roots.add(certificate).map_err(wrong)?;
            }
        }
        None => {
            roots.add_parsable_certificates(certificates);
        }
    }
    Ok(roots)
}

/// Accepts any certificate; the server must still hold its key.
#[derive(Debug)]
struct AcceptAnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
