using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Loire.Cluster.Tests.Clusters;

/// <summary>An authority and a certificate of it for silos, in files of a directory of its own.</summary>
internal sealed class CertificateFiles : IDisposable
{
    private static readonly DateTimeOffset _from = DateTimeOffset.UtcNow.AddDays(-1);

    public CertificateFiles()
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Loire test authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using var authority = request.CreateSelfSigned(_from, _from.AddDays(30));

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var silo = new CertificateRequest("CN=silo", key, HashAlgorithmName.SHA256);
        silo.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        using var certificate = silo.Create(authority, _from, _from.AddDays(20), [1, 2, 3]);
        File.WriteAllText(PathOf("ca.pem"), authority.ExportCertificatePem());
        File.WriteAllText(PathOf("cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(PathOf("key.pem"), key.ExportPkcs8PrivateKeyPem());
    }

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("loire-tls-").FullName;

    /// <summary>The options with which a node uses them.</summary>
    public string[] Options => ["--tls-cert", PathOf("cert.pem"), "--tls-key", PathOf("key.pem"), "--tls-ca", PathOf("ca.pem")];

    /// <summary>The certificate with its key.</summary>
    public X509Certificate2 Own() => X509Certificate2.CreateFromPemFile(PathOf("cert.pem"), PathOf("key.pem"));

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);

    private string PathOf(string file) => Path.Combine(Directory, file);
}
