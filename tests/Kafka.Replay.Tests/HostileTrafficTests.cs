using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Loire.Kafka.Replay.Players;
using Loire.Kafka.TestKit;
using Xunit.Abstractions;

namespace Loire.Kafka.Replay.Tests;

/// <summary>
/// A node that strangers talk to: requests that were changed at random, some of them still requests. <c>LOIRE_SEED</c> repeats a run, <c>LOIRE_KAFKA_STRANGERS</c> says how many
/// frames are sent.
/// </summary>
public sealed class HostileTrafficTests(NodeFixture node, ITestOutputHelper output) : IClassFixture<NodeFixture>
{
    private const int Frames = 20_000;
    private const int FramesPerConnection = 5;
    private const int Connections = 8;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Whatever_strangers_send_the_node_ends_their_connections_and_serves_others()
    {
        var seed = Number("LOIRE_SEED", Random.Shared.Next());
        output.WriteLine($"LOIRE_SEED={seed}");
        var left = Number("LOIRE_KAFKA_STRANGERS", Frames);
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(stranger => Task.Run(async () =>
        {
            var requests = new MutatedRequests(new Random(seed + stranger));
            while (Interlocked.Add(ref left, -FramesPerConnection) > -FramesPerConnection)
            {
                var frames = Enumerable.Range(0, FramesPerConnection).Select(_ => requests.Next()).ToList();
                try
                {
                    await SendAsync(frames);
                }
                catch (OperationCanceledException)
                {
                    Assert.Fail($"LOIRE_SEED={seed}: the connection does not end after {string.Join(' ', frames.Select(Convert.ToHexString))}");
                }
            }
        })));
        using var player = new WirePlayer(node.Kafka);
        var answer = await player.AskAsync(
            "", "ApiVersions", 3, JsonNode.Parse("""{"clientSoftwareName": "a", "clientSoftwareVersion": "1"}""")!.AsObject());
        Assert.Equal(0, answer["errorCode"]!.GetValue<int>());
    }

    /// <summary>Sends frames, says that nothing more comes, and reads until the node closes the connection, too.</summary>
    private async Task SendAsync(List<byte[]> frames)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var client = new TcpClient();
        await client.ConnectAsync(node.Kafka, patience.Token);
        try
        {
            var stream = client.GetStream();
            foreach (var frame in frames)
            {
                var length = new byte[sizeof(int)];
                BinaryPrimitives.WriteInt32BigEndian(length, frame.Length);
                await stream.WriteAsync(length, patience.Token);
                await stream.WriteAsync(frame, patience.Token);
            }

            client.Client.Shutdown(SocketShutdown.Send);
            var rest = new byte[64 * 1024];
            while (await stream.ReadAsync(rest, patience.Token) > 0)
            {
            }
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            // The node has closed it before all was sent.
        }
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
