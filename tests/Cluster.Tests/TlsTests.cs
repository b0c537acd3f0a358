using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Loire.Cluster.Tests.Clusters;
using Loire.Silo.Tests;
using Loire.Storage.Tests.Azurite;

namespace Loire.Cluster.Tests;

/// <summary>Silos that prove to each other that they belong to the cluster.</summary>
public sealed class TlsTests
{
    [AzuriteFact]
    public async Task Nodes_with_certificates_of_one_authority_serve_for_each_other_and_a_killed_one_is_noticed()
    {
        using var files = new CertificateFiles();
        await using var cluster = await ClusterOfProcesses.StartAsync(2, files.Options);
        var topic = await cluster.CreateTopicAsync(4);
        for (var partition = 0; partition < 4; partition++)
        {
            await cluster.ProduceAsync(cluster.Nodes[partition % 2], topic, partition, "a");
        }

        await cluster.Nodes[1].Process.KillAsync();
        for (var partition = 0; partition < 4; partition++)
        {
            // A call that is under way to the node that dies is answered with a retriable error.
            await Until.TrueAsync($"partition {partition} takes records again", async () =>
            {
                using var body = new StringContent("b", new MediaTypeHeaderValue("text/plain"));
                using var answer = await cluster.Http.PostAsync(
                    new Uri(cluster.Nodes[0].Url, $"/v1/topics/{topic}/records?partition={partition}"), body);
                return answer.IsSuccessStatusCode;
            });
        }

        Assert.Contains("It is declared dead.", cluster.Nodes[0].Process.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silo_takes_no_connection_without_a_certificate_of_its_authority()
    {
        using var files = new CertificateFiles();
        using var foreign = new CertificateFiles();
        using var data = new TemporaryDirectory();
        var port = FreePort();
        await using var node = NodeProcess.Launch(
            ["--data", data.Path, "--silo-port", $"{port}", .. files.Options], new Dictionary<string, string>());
        Assert.True(await node.IsServingAsync(), node.Output);
        Assert.True(await StaysOpenAsync(port, files.Own()));
        Assert.False(await StaysOpenAsync(port, foreign.Own()));
        Assert.False(await StaysOpenAsync(port, null));
    }

    [Theory]
    [InlineData("key.pem")]
    [InlineData("ca.pem")]
    [InlineData("cert.pem")]
    public async Task Node_whose_files_are_no_certificates_says_which_in_one_line(string broken)
    {
        using var files = new CertificateFiles();
        File.WriteAllText(Path.Combine(files.Directory, broken), "no PEM");
        var (exit, output) = await NodeProcess.RunAsync(["--data", files.Directory, "--urls", "http://127.0.0.1:0", .. files.Options]);
        Assert.Equal(1, exit);
        Assert.Matches($"^The node cannot run: .*{broken}.*\n$", output);
    }

    /// <summary>Whether a silo takes a connection that says nothing after the handshake, as peers that only watch do.</summary>
    private static async Task<bool> StaysOpenAsync(int port, X509Certificate2? certificate)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await using var secured = new SslStream(client.GetStream());
        try
        {
            await secured.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "loire",
                ClientCertificates = certificate is null ? [] : [certificate],
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            });

            // With TLS 1.3 the client's handshake ends before the server has looked at its certificate. A silo closes at once then; one that
            // takes the connection waits for what comes, and closes when it is no preamble.
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            return await secured.ReadAsync(new byte[1], patience.Token) > 0;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
        catch (Exception refused) when (refused is IOException or AuthenticationException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
