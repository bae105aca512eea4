/** Why a handshake failed, in words for the log: OpenSSL's codes say what, and an operator wants to know what to do. */

export interface HandshakeFailure {
  /** Of our choosing: what lines in the log are counted by. */
  readonly kind: string;
  readonly reason: string;
}

/** Of the certificate that the other side showed. */
const CERTIFICATE_REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; compare the clocks',
  CERT_REVOKED: 'its certificate was revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself and not by a trusted authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is of an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of an authority that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of an authority that is not trusted here',
  CERT_SIGNATURE_FAILURE: 'its certificate is not signed by the authority that it names',
  INVALID_PURPOSE: 'its certificate is not meant for this use (extended key usage)',
  UNABLE_TO_GET_CRL: 'the list of revoked certificates is not of its authority',
  CRL_HAS_EXPIRED: 'the list of revoked certificates is out of date; put a new one in its place',
  CRL_SIGNATURE_FAILURE: 'the list of revoked certificates is not signed by its authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is not for the address it was reached at',
};

/** Of the handshake itself. */
const PROTOCOL_REASONS: Readonly<Record<string, string>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'it showed no certificate, and one is required here',
  ERR_SSL_HTTP_REQUEST: 'plaintext came to an address that speaks TLS; use https://',
  ERR_SSL_WRONG_VERSION_NUMBER:
    'plaintext came to an address that speaks TLS, or the other way round; use https:// on both sides',
  ERR_SSL_NO_SHARED_CIPHER: 'both sides have no cipher suite in common (--cipher-suites)',
  ERR_SSL_UNSUPPORTED_PROTOCOL:
    'both sides have no version of TLS in common (--tls-min-version, --tls-max-version)',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION:
    'both sides have no version of TLS in common (--tls-min-version, --tls-max-version)',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'it does not trust the authority of the certificate shown to it',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'it refused the certificate shown to it',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'it found the certificate shown to it expired',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it asks for a certificate, and was shown none',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'it speaks neither h2 nor http/1.1 (ALPN)',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'the handshake took too long',
  ECONNRESET: 'it closed the connection during the handshake',
};

/** @param authorizationError OpenSSL's code for the certificate shown, where it was that */
export function handshakeFailure(
  { code, message }: NodeJS.ErrnoException,
  authorizationError?: string | undefined,
): HandshakeFailure {
  if (authorizationError !== undefined) {
    const reason =
      CERTIFICATE_REASONS[authorizationError] ?? `its certificate is not good: ${authorizationError}`;
    return { kind: authorizationError, reason };
  }
  const known = code === undefined ? undefined : (CERTIFICATE_REASONS[code] ?? PROTOCOL_REASONS[code]);
  return { kind: code ?? 'tls', reason: known ?? message };
}

/** How TLS begins: a record of a handshake, of any version there was. */
export function isTlsStart(bytes: Uint8Array): boolean {
  return bytes[0] === 0x16 && (bytes.length < 2 || bytes[1] === 0x03);
}
