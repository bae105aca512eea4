/** What a member is told of TLS on its ports for clients or for peers: files and rules, all checked but not yet read. */

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export interface CertificatePaths {
  /** PEM, the chain behind it included. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Which of the verified certificates are let in; all lists have at least one name. */
export interface AllowedNames {
  readonly kind: 'commonName' | 'hostname';
  readonly names: readonly string[];
}

export interface SelfSigning {
  /** Names and IP addresses that the certificate is for. */
  readonly hosts: readonly string[];
  readonly validityYears: number;
}

export interface TlsConfig {
  readonly own: CertificatePaths;
  /** What this member shows where it connects; undefined: the same. */
  readonly outgoing?: CertificatePaths;
  /** Set: the files of `own` are made at the start if they are missing, and others' certificates are not verified. */
  readonly selfSigning?: SelfSigning;
  /** Undefined: the authorities that Node ships. */
  readonly authoritiesFile?: string;
  /** Whoever connects must show a certificate of an authority. */
  readonly requiresCertificate: boolean;
  /** And it must be for the address that they connect from; counts where one is required. */
  readonly checksAddress: boolean;
  /** The common name of a client's certificate is its user. */
  readonly commonNameIsUser: boolean;
  readonly revocationFile?: string;
  readonly allowedNames?: AllowedNames;
  readonly versionMin: TlsVersion;
  /** Undefined: the newest there is. */
  readonly versionMax?: TlsVersion;
  /** In OpenSSL's form; undefined: Node's own choice. */
  readonly ciphers?: string;
}
