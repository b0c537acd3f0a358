using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit.Abstractions;

namespace Loire.Silo.Tests;

public class ManyPollsTests(ITestOutputHelper output)
{
    private const int Polls = 10_000;
    private const int Partitions = 100;

    [Fact]
    public async Task Ten_thousand_long_polls_wait_in_bounded_memory_and_are_all_answered()
    {
        using var data = new TemporaryDirectory();
        await using var node = await NodeProcess.StartAsync(data.Path);
        await KillTests.CreateTopicAsync(node.Client, "t", Partitions);
        var before = await MetricAsync(node, "dotnet_process_memory_working_set_bytes");
        var sockets = new List<Socket>(Polls);
        try
        {
            for (var i = 0; i < Polls; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                // Several loopback addresses, so that one does not run out of ports.
                socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)(2 + (i % 4))]), 0));
                await socket.ConnectAsync(IPAddress.Loopback, node.Url.Port);
                await socket.SendAsync(Encoding.ASCII.GetBytes(
                    $"GET /v1/topics/t/partitions/{i % Partitions}/records?max_wait_ms=60000 HTTP/1.1\r\nHost: h\r\nAccept: text/plain\r\n\r\n"));
            }

            while (await MetricAsync(node, "http_server_active_requests") < Polls)
            {
                await Task.Yield();
            }

            var each = (await MetricAsync(node, "dotnet_process_memory_working_set_bytes") - before) / Polls;
            output.WriteLine($"{each:F0} bytes of the node's memory for each poll");
            Assert.InRange(each, double.MinValue, 50_000);

            for (var partition = 0; partition < Partitions; partition++)
            {
                using var now = new StringContent("now\n", Encoding.UTF8, "text/plain");
                (await node.Client.PostAsync($"/v1/topics/t/records?partition={partition}", now)).EnsureSuccessStatusCode();
            }

            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            foreach (var socket in sockets)
            {
                var answer = await ReadUntilAsync(socket, "now\n", patience.Token);
                Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
            }
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    private static async Task<string> ReadUntilAsync(Socket socket, string end, CancellationToken patience)
    {
        var seen = new StringBuilder();
        var buffer = new byte[4096];
        while (!seen.ToString().Contains(end, StringComparison.Ordinal))
        {
            var read = await socket.ReceiveAsync(buffer, patience);
            Assert.True(read > 0, $"The connection ended: {seen}");
            seen.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        return seen.ToString();
    }

    /// <summary>The sum over a metric's series.</summary>
    private static async Task<double> MetricAsync(NodeProcess node, string name)
    {
        var text = await node.Client.GetStringAsync("/metrics");
        return text.Split('\n')
            .Where(line => line.StartsWith(name, StringComparison.Ordinal) && (line[name.Length] is ' ' or '{'))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }
}
