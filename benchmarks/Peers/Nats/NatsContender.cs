using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks.Nats;

/// <summary>NATS JetStream: a stream with one subject and file storage, publishes with acknowledgements, a pull consumer.</summary>
internal sealed class NatsContender : Contender
{
    private readonly ServerProcess _server;

    private NatsContender(ServerProcess server, string data) => (_server, Data) = (server, data);

    public override string Name => "NATS JetStream, file";

    public override string Guarantee =>
        "acknowledged once it is written to the page cache; synced every two minutes (Debian's version has no setting for it), so a power cut takes up to"
        + " two minutes. One copy, no deduplication ids. Every record is a message of its own with its own acknowledgement."
        + $" Read by a pull consumer without acknowledgements, {NatsConsumer.MessagesPerPull} messages a pull and two pulls under way.";

    public override Process? Server => _server.Process;

    public override string Data { get; }

    public static async Task<NatsContender> StartAsync(string program, string directory)
    {
        var data = Directory.CreateDirectory(Path.Combine(directory, "nats")).FullName;
        var server = await ServerProcess.StartAsync(
            program, port => ["--addr", "127.0.0.1", "--port", $"{port}", "--jetstream", "--store_dir", data], data + ".log");
        return new NatsContender(server, data);
    }

    public override async Task BeginAsync(Work work)
    {
        using var connection = await NatsConnection.ConnectAsync(_server.Port);
        for (var i = 0; i < work.Streams; i++)
        {
            var config = JsonSerializer.Serialize(new { name = Stream(i), subjects = new[] { Subject(i) }, storage = "file", retention = "limits", num_replicas = 1 });
            await connection.RequestAsync("$JS.API.STREAM.CREATE." + Stream(i), config);
        }
    }

    public override async Task EndAsync(Work work)
    {
        using var connection = await NatsConnection.ConnectAsync(_server.Port);
        for (var i = 0; i < work.Streams; i++)
        {
            await connection.RequestAsync("$JS.API.STREAM.DELETE." + Stream(i), "");
        }
    }

    public override async Task<Producer> ConnectProducerAsync(Work work, int stream) =>
        new NatsProducer(await NatsConnection.ConnectAsync(_server.Port), work, Subject(stream));

    public override async Task ConsumeAsync(Work work, int stream, int records, Tally tally)
    {
        using var connection = await NatsConnection.ConnectAsync(_server.Port);
        await NatsConsumer.ReadAsync(connection, Stream(stream), records, tally);
    }

    public override ValueTask DisposeAsync() => _server.DisposeAsync();

    private static string Stream(int stream) => string.Create(CultureInfo.InvariantCulture, $"S{stream:00}");

    private static string Subject(int stream) => string.Create(CultureInfo.InvariantCulture, $"s.{stream:00}");
}
