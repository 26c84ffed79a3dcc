namespace SdStudio.Server.Hosting;

/// <summary>
/// Where this system keeps the certificates that HTTPS is checked with. The archive has OpenSSL inside, which looks where the system it was
/// built on has them.
/// </summary>
internal static class RootCertificates
{
    private const string FileVariable = "SSL_CERT_FILE";
    private const string FolderVariable = "SSL_CERT_DIR";
    private const string Built = "/usr/lib/ssl/certs";

    private static readonly string[] Files =
    [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
    ];

    /// <summary>Says where they are, unless the user or OpenSSL knows it; before anything uses HTTPS.</summary>
    public static void Find()
    {
        if (!OperatingSystem.IsLinux() || Directory.Exists(Built) || Environment.GetEnvironmentVariable(FileVariable) is not null || Environment.GetEnvironmentVariable(FolderVariable) is not null)
            return;
        if (Array.Find(Files, File.Exists) is { } file)
            Environment.SetEnvironmentVariable(FileVariable, file);
    }
}
