using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;

namespace Loire.Silo.Clustering;

/// <summary>
/// What a silo proves itself with to its peers, and what they must prove: a certificate of the cluster's own authority, for both roles, since
/// each silo connects and is connected to. Names are not compared: a certificate of that authority is enough to belong to the cluster.
/// </summary>
internal sealed class SiloCertificate : IDisposable
{
    private readonly X509Certificate2 _own;
    private readonly X509Certificate2Collection _authorities;

    private SiloCertificate(X509Certificate2 own, X509Certificate2Collection authorities) => (_own, _authorities) = (own, authorities);

    /// <summary>Reads the files, in PEM form.</summary>
    /// <param name="certificate">The certificate, and after it what leads to the authority, if anything does.</param>
    /// <param name="key">Its private key, not encrypted.</param>
    /// <param name="authority">The certificates of the authorities that are trusted.</param>
    /// <exception cref="IOException">A file cannot be read, or holds something else; the message names it.</exception>
    public static SiloCertificate Read(string certificate, string key, string authority)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(authority);
        }
        catch (CryptographicException problem)
        {
            throw new IOException($"{authority} holds no certificates in PEM form: {problem.Message}", problem);
        }

        if (authorities.Count == 0)
        {
            throw new IOException($"{authority} holds no certificate in PEM form.");
        }

        try
        {
            return new SiloCertificate(X509Certificate2.CreateFromPemFile(certificate, key), authorities);
        }
        catch (Exception problem) when (problem is CryptographicException or ArgumentException)
        {
            throw new IOException($"{certificate} and {key} are no certificate with its key in PEM form: {problem.Message}", problem);
        }
    }

    /// <summary>Requires of every connection, in both directions, that both ends prove themselves.</summary>
    public void Require(ISiloBuilder silo) => silo.UseTls(_own, tls =>
    {
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.RemoteCertificateValidation = (certificate, chain, _) => IsTrusted(certificate, chain);
        tls.OnAuthenticateAsClient = (_, client) => client.TargetHost = TargetHost;
    });

    /// <summary>Proves this silo to a peer on a connection that Orleans does not own.</summary>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The peer is not trusted, or does not trust this silo.</exception>
    public async Task<Stream> AuthenticateAsync(Stream connection, CancellationToken cancellation)
    {
        var secured = new SslStream(connection);
        await secured.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = TargetHost,
                ClientCertificates = [_own],
                RemoteCertificateValidationCallback = (_, certificate, chain, _) => certificate is X509Certificate2 peer && IsTrusted(peer, chain),
            },
            cancellation);
        return secured;
    }

    public void Dispose()
    {
        _own.Dispose();
        foreach (var authority in _authorities)
        {
            authority.Dispose();
        }
    }

    private static string TargetHost => "loire";

    private bool IsTrusted(X509Certificate2 certificate, X509Chain? sent)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        foreach (var link in sent?.ChainElements.Select(element => element.Certificate) ?? [])
        {
            chain.ChainPolicy.ExtraStore.Add(link);
        }

        return chain.Build(certificate);
    }
}
