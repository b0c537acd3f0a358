using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Loire.Client.Tests;
using Loire.Model.Tests.Clients;
using Loire.TestKit.Processes;

namespace Loire.Kafka.Clients.Tests.Kills;

/// <summary>
/// All clients at once, each with numbers of its own, while their node is killed and started again with the same data and port: once, or for as long as
/// <c>LOIRE_KAFKA_KILLS</c> says, such as 60s.
/// </summary>
public sealed class KillRun : IAsyncLifetime
{
    /// <summary>So many more numbers are read between two kills, so that each hits clients at work.</summary>
    private const int Between = 100;

    private readonly Dictionary<string, Outcome> _outcomes = [];

    /// <summary>How a client fared; null if it is not installed.</summary>
    internal Outcome? Find(string client) => _outcomes.GetValueOrDefault(client);

    public async Task InitializeAsync()
    {
        var data = Directory.CreateTempSubdirectory("loire-kills-").FullName;
        var bootstrap = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{FreePort()}");
        var node = await StartAsync(data, bootstrap);
        NumberClient[] clients = [.. Clients()];
        try
        {
            using (var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build())
            {
                await admin.CreateTopicsAsync(clients.Select(client => new TopicSpecification { Name = client.Topic, NumPartitions = 1 }));
            }

            foreach (var client in clients)
            {
                client.Start(bootstrap);
            }

            var (kills, begun, longest) = (0, Stopwatch.GetTimestamp(), OptInRun.Duration("LOIRE_KAFKA_KILLS"));
            await EachReadsOnAsync("before the node died");
            do
            {
                await node.KillAsync();
                await node.DisposeAsync();
                node = await StartAsync(data, bootstrap);
                kills++;
                await EachReadsOnAsync($"after the node had died {kills} times");
            }
            while (Stopwatch.GetElapsedTime(begun) < longest);

            await Task.WhenAll(clients.Select(client => client.TryAsync("the last acknowledgements", client.StopWritingAsync)));
            await Task.WhenAll(clients.Select(client =>
                client.TryAsync("reading what is acknowledged", () => client.Read.ContainAsync(client.Acknowledged.ToArray()))));
            foreach (var client in clients)
            {
                _outcomes[client.Name] = new Outcome(client, kills, ReadLog(bootstrap, client.Topic));
            }
        }
        finally
        {
            foreach (var client in clients)
            {
                await client.DisposeAsync();
            }

            await node.DisposeAsync();
            Directory.Delete(data, recursive: true);
        }

        Task EachReadsOnAsync(string when) => Task.WhenAll(clients.Select(client => client.TryAsync(when, () => client.Read.ReachAsync(client.Read.Count + Between))));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    private static IEnumerable<NumberClient> Clients()
    {
        yield return new ConfluentClient();
        if (Installed.Has(Needed.Kcat))
        {
            yield return new KcatClient();
        }

        if (Installed.Has(Needed.KafkaPython))
        {
            yield return new ScriptClient("kafka-python", isIdempotent: false, Installed.Python, Path.Combine(AppContext.BaseDirectory, "kafka_python.py"));
        }

        if (Installed.Has(Needed.ConfluentPython))
        {
            yield return new ScriptClient("confluent-kafka-python", isIdempotent: true, Installed.Python, Path.Combine(AppContext.BaseDirectory, "confluent_python.py"));
        }

        if (Installed.Has(Needed.KafkaJs))
        {
            yield return new ScriptClient("kafkajs", isIdempotent: true, "node", Path.Combine(Installed.KafkaJsFolder!, "kafkajs.js"));
            yield return new ScriptClient("platformatic", isIdempotent: true, "node", Path.Combine(Installed.KafkaJsFolder!, "platformatic.mjs"));
        }
    }

    private static async Task<NodeProcess> StartAsync(string data, string bootstrap)
    {
        var node = NodeProcess.Launch(
            ["--data", data, "--kafka", bootstrap, "--group-initial-rebalance-delay", "0"], new Dictionary<string, string>());
        return await node.IsServingAsync() ? node : throw new InvalidOperationException($"The node did not start:\n{node.Output}");
    }

    /// <summary>All that the log of a client's partition holds, in its order.</summary>
    private static List<long> ReadLog(string bootstrap, string topic)
    {
        using var consumer = new ConsumerBuilder<Ignore, string>(new ConsumerConfig { BootstrapServers = bootstrap, GroupId = "reader", EnableAutoCommit = false }).Build();
        var partition = new TopicPartition(topic, 0);
        var end = consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(30)).High.Value;
        consumer.Assign(new TopicPartitionOffset(partition, Offset.Beginning));
        var numbers = new List<long>();
        for (var next = 0L; next < end;)
        {
            var record = consumer.Consume(TimeSpan.FromSeconds(30)) ?? throw new TimeoutException($"{topic} could not be read from {next} to {end}.");
            numbers.Add(long.Parse(record.Message.Value, CultureInfo.InvariantCulture));
            next = record.Offset.Value + 1;
        }

        return numbers;
    }

    /// <summary>A port that is none of those that connections get: while the node is down, a client that connects again and again could reach itself there.</summary>
    private static int FreePort()
    {
        for (var port = 20_000 + (Environment.ProcessId % 10_000); ; port++)
        {
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken.
            }
        }
    }
}

/// <summary>How a client fared.</summary>
/// <param name="Client">The client, which is gone.</param>
/// <param name="Kills">How often the node was killed.</param>
/// <param name="Log">What its partition holds, in the order of the log.</param>
internal sealed record Outcome(NumberClient Client, int Kills, IReadOnlyList<long> Log);
