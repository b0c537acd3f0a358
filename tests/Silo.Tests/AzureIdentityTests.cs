using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Loire.Storage.Tests.Azurite;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.Silo.Tests;

/// <summary>
/// A node that reaches its storage account with an identity: a real Azurite that wants tokens over TLS, and an endpoint that grants them as the one of
/// a managed identity does.
/// </summary>
public sealed class AzureIdentityTests
{
    private const string Secret = "the-header-of-the-identity-endpoint";

    [AzuriteFact]
    public async Task Node_stores_with_an_identity_of_its_environment_and_no_key_of_the_account()
    {
        using var files = new TemporaryDirectory();
        var (certificate, key) = WriteCertificate(files.Path);
        var azurite = await AzuriteServer.StartAsync("--oauth", "basic", "--cert", certificate, "--key", key);
        await using var identity = await StartIdentityEndpointAsync();
        var environment = new Dictionary<string, string>
        {
            ["IDENTITY_ENDPOINT"] = identity.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/token",
            ["IDENTITY_HEADER"] = Secret,
            ["SSL_CERT_FILE"] = certificate,
        };
        string[] options = ["--storage", "azure", "--azure-account", azurite.AccountUrl.AbsoluteUri, "--azure-container", "identity"];
        await using (var node = NodeProcess.Launch(options, environment))
        {
            Assert.True(await node.IsServingAsync(), node.Output);
            using var created = await node.Client.PostAsJsonAsync("/v1/topics", new { topic_name = "t", partitions_count = 1 });
            Assert.True(created.IsSuccessStatusCode, await created.Content.ReadAsStringAsync());
        }

        await using (var node = NodeProcess.Launch(options, environment))
        {
            Assert.True(await node.IsServingAsync(), node.Output);
            using var topic = await node.Client.GetAsync("/v1/topics/t");
            Assert.Equal(HttpStatusCode.OK, topic.StatusCode);
        }

        environment["IDENTITY_HEADER"] = "another one";
        await using var refused = NodeProcess.Launch(options, environment);
        Assert.False(await refused.IsServingAsync(), refused.Output);
        Assert.Equal(1, await refused.WaitForExitAsync());
        Assert.Contains("The node cannot run: the environment grants no identity for Azure Storage: ", refused.Output, StringComparison.Ordinal);
    }

    private static (string Certificate, string Key) WriteCertificate(string directory)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var (certificatePath, keyPath) = (Path.Combine(directory, "cert.pem"), Path.Combine(directory, "key.pem"));
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem());
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
        return (certificatePath, keyPath);
    }

    private static async Task<WebApplication> StartIdentityEndpointAsync()
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Test" });
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapGet("/token", (HttpRequest request) =>
        {
            if (request.Headers["X-IDENTITY-HEADER"] != Secret)
            {
                return Results.Json(new { statusCode = 401, message = "no such identity" }, statusCode: 401);
            }

            var now = DateTimeOffset.UtcNow;
            var token = string.Join('.', Encode(new { alg = "none", typ = "JWT" }), Encode(new
            {
                aud = "https://storage.azure.com",
                iss = "https://sts.windows.net/00000000-0000-0000-0000-000000000000/",
                iat = now.AddMinutes(-1).ToUnixTimeSeconds(),
                nbf = now.AddMinutes(-1).ToUnixTimeSeconds(),
                exp = now.AddHours(1).ToUnixTimeSeconds(),
            }), "unsigned");
            return Results.Json(new
            {
                access_token = token,
                expires_on = now.AddHours(1).ToUnixTimeSeconds().ToString(null as IFormatProvider),
                resource = "https://storage.azure.com",
                token_type = "Bearer",
            });
        });
        await app.StartAsync();
        return app;
    }

    private static string Encode(object part) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(part))).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
