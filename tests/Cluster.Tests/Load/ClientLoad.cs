using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Azure.Data.Tables;
using Loire.Client;
using Loire.Cluster.Tests.Clusters;
using Loire.Model;
using Loire.Silo.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Loire.Cluster.Tests.Load;

/// <summary>
/// A service beside a cluster, which is an Orleans client of its gateways, with a producer for each partition of a topic, a reader of all and a
/// consumer in a group; and what must hold of the answers that they get: no call of the idempotent producer fails, nothing is lost, doubled, changed or moved, each
/// producer's records keep their order, the reader gets each record once and in order, and the group gets each at least once.
/// </summary>
internal sealed class ClientLoad : IOutgoingGrainCallFilter, IClusterConnectionStatusObserver, IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource _end = new();
    private readonly CancellationTokenSource _noMoreRecords = new();
    private readonly ConcurrentDictionary<string, int> _failures = new();
    private readonly ConcurrentQueue<string> _problems = new();
    private readonly ClusterOfProcesses _cluster;
    private readonly string _topic;
    private readonly History[] _histories;
    private readonly long[] _lastWrites;
    private readonly long[] _ends;
    private readonly long[] _read;
    private readonly long[] _consumed;
    private readonly IHost _host;
    private readonly List<Task> _producers = [];
    private readonly List<Task> _consumers = [];
    private int _names;
    private int _gateways;
    private TimeSpan _longestCall;

    private ClientLoad(ClusterOfProcesses cluster, string topic, int partitions)
    {
        (_cluster, _topic) = (cluster, topic);
        _histories = [.. Enumerable.Range(0, partitions).Select(_ => new History())];
        (_lastWrites, _ends, _read, _consumed) = (new long[partitions], new long[partitions], new long[partitions], new long[partitions]);
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client => client
            .UseLoireCluster(cluster.Name)
            .UseAzureStorageClustering(azure => azure.TableServiceClient = new TableServiceClient(cluster.Azurite.ConnectionString)));
        builder.Services.AddSingleton<IOutgoingGrainCallFilter>(this);
        builder.Services.AddSingleton<IClusterConnectionStatusObserver>(this);
        builder.Services.AddLoireProducer<string, string>();
        builder.Services.AddLoireConsumer<string, string>(options => options.AutoOffsetReset = OffsetSpec.Earliest, "reader");
        builder.Services.AddLoireConsumer<string, string>(
            options =>
            {
                options.AutoOffsetReset = OffsetSpec.Earliest;
                options.GroupId = topic;
            },
            "member");
        _host = builder.Build();
    }

    /// <summary>The gateways to which the client is connected.</summary>
    public int Gateways => Volatile.Read(ref _gateways);

    /// <summary>Connects a client and starts its producers and consumers.</summary>
    public static async Task<ClientLoad> StartAsync(ClusterOfProcesses cluster, string topic, int partitions)
    {
        var load = new ClientLoad(cluster, topic, partitions);
        await load._host.StartAsync();
        var producer = load._host.Services.GetRequiredService<IProducer<string, string>>();
        load._producers.AddRange(Enumerable.Range(0, partitions).Select(partition => Task.Run(() => load.ProduceAsync(producer, partition))));
        load._consumers.Add(Task.Run(load.ReadAsync));
        load._consumers.Add(Task.Run(load.ConsumeAsync));
        return load;
    }

    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        try
        {
            await context.Invoke();
        }
        catch (Exception failure) when (!_end.IsCancellationRequested)
        {
            Count($"{context.MethodName} {failure.GetType().Name}");
            throw;
        }
    }

    public void NotifyClusterConnectionLost()
    {
    }

    // Notifications of connections that open at once overtake each other.
    public void NotifyGatewayCountChanged(int currentNumberOfGateways, int previousNumberOfGateways, bool connectionRecovered) =>
        _ = Interlocked.Add(ref _gateways, currentNumberOfGateways - previousNumberOfGateways);

    /// <summary>Waits until a record that is sent from now on is acknowledged in every partition, read, and consumed by the group.</summary>
    public async Task GoesOnAsync(TimeSpan within)
    {
        var now = Stopwatch.GetTimestamp();
        await Until.TrueAsync("all partitions take records", () => All(partition => Volatile.Read(ref _lastWrites[partition]) > now), within);
        var ends = Enumerable.Range(0, _histories.Length).Select(partition => Volatile.Read(ref _ends[partition])).ToArray();
        await Until.TrueAsync("they are read", () => All(partition => Volatile.Read(ref _read[partition]) >= ends[partition]), within);
        await Until.TrueAsync("they are consumed", () => All(partition => Volatile.Read(ref _consumed[partition]) >= ends[partition]), within);
    }

    /// <summary>Stops the producers, waits until all is read, and judges the log that a node serves.</summary>
    public async Task EndAsync(ClusterNode by)
    {
        await _noMoreRecords.CancelAsync();
        await Task.WhenAll(_producers);
        for (var partition = 0; partition < _histories.Length; partition++)
        {
            var (at, log) = (partition, await ReadAllAsync(by, partition));
            _histories[at].Judge(log);
            await Until.TrueAsync($"the reader reaches the end of partition {at}", () => Volatile.Read(ref _read[at]) == log.Count);
            await Until.TrueAsync($"the group reaches the end of partition {at}", () => Volatile.Read(ref _consumed[at]) == log.Count);
        }

        await _end.CancelAsync();
        await Task.WhenAll(_consumers);
        Assert.Empty(_problems);
    }

    public string Summary() =>
        $"{_histories.Sum(history => history.AcknowledgedCount)} acknowledged, the longest call took {_longestCall.TotalSeconds:F1} s; failed calls: "
        + string.Join(", ", _failures.OrderBy(failure => failure.Key, StringComparer.Ordinal).Select(failure => $"{failure.Value} {failure.Key}"));

    public async ValueTask DisposeAsync()
    {
        await _noMoreRecords.CancelAsync();
        await _end.CancelAsync();
        await Task.WhenAll([.. _producers, .. _consumers]);
        await _host.StopAsync();
        _host.Dispose();
        _noMoreRecords.Dispose();
        _end.Dispose();
    }

    private bool All(Func<int, bool> condition) => Enumerable.Range(0, _histories.Length).All(condition);

    private async Task ProduceAsync(IProducer<string, string> producer, int partition)
    {
        var (name, sequence) = (Interlocked.Increment(ref _names), 0L);
        while (!_noMoreRecords.IsCancellationRequested)
        {
            var value = string.Create(CultureInfo.InvariantCulture, $"{name}-{sequence}-{partition}");
            _histories[partition].Sent(name, sequence, value);
            var begun = Stopwatch.GetTimestamp();
            try
            {
                var result = await producer.ProduceAsync(new TopicPartition(_topic, partition), new Message<string, string> { Value = value });
                _histories[partition].Acknowledged(result.Offset.Value, value);
                Volatile.Write(ref _ends[partition], result.Offset.Value + 1);
                Volatile.Write(ref _lastWrites[partition], begun);
                sequence++;
            }
            catch (ProduceException failure)
            {
                _problems.Enqueue($"A call of the producer failed: {failure.Code} ({failure.Message}) {failure.InnerException?.Message}");

                // It may still come, after whatever is sent next: then nothing promises an order.
                (name, sequence) = (Interlocked.Increment(ref _names), 0);
            }

            EndCall(Stopwatch.GetElapsedTime(begun));
            await Task.Delay(Pause);
        }
    }

    private void EndCall(TimeSpan duration)
    {
        lock (_problems)
        {
            _longestCall = duration > _longestCall ? duration : _longestCall;
        }
    }

    private void Count(string failure) => _failures.AddOrUpdate(failure, 1, (_, count) => count + 1);

    private async Task ReadAsync()
    {
        await using var consumer = _host.Services.GetRequiredKeyedService<IConsumer<string, string>>("reader");
        await RunAsync("the reader", async () =>
        {
            await consumer.AssignAsync(Enumerable.Range(0, _histories.Length).Select(partition => new TopicPartition(_topic, partition)));
            await foreach (var record in consumer.ConsumeAsync(_end.Token))
            {
                ref var next = ref _read[record.TopicPartition.Partition];
                if (record.Offset.Value != next)
                {
                    _problems.Enqueue($"The reader at {next} of {record.TopicPartition} got the record at {record.Offset}.");
                }

                Volatile.Write(ref next, record.Offset.Value + 1);
            }
        });
    }

    private async Task ConsumeAsync()
    {
        await using var consumer = _host.Services.GetRequiredKeyedService<IConsumer<string, string>>("member");
        await RunAsync("the member", async () =>
        {
            await consumer.SubscribeAsync([_topic]);
            await foreach (var record in consumer.ConsumeAsync(_end.Token))
            {
                ref var next = ref _consumed[record.TopicPartition.Partition];
                if (record.Offset.Value > next)
                {
                    _problems.Enqueue($"The group at {next} of {record.TopicPartition} got the record at {record.Offset}.");
                }

                Volatile.Write(ref next, Math.Max(next, record.Offset.Value + 1));
            }
        });
    }

    private async Task RunAsync(string who, Func<Task> run)
    {
        try
        {
            await run();
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
        }
        catch (Exception failure)
        {
            _problems.Enqueue($"{who} ended: {failure}");
        }
    }

    private async Task<List<(long Offset, string Value)>> ReadAllAsync(ClusterNode node, int partition)
    {
        var log = new List<(long, string)>();
        await Until.TrueAsync($"partition {partition} is read to its end", async () =>
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get,
                new Uri(node.Url, $"/v1/topics/{_topic}/partitions/{partition}/records?offset={log.Count}&max_bytes=4000000&max_wait_ms=0"));
            request.Headers.Accept.ParseAdd("application/x-ndjson");
            using var response = await _cluster.Http.SendAsync(request);
            if (!response.IsSuccessStatusCode)
            {
                return false;
            }

            var lines = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            log.AddRange(lines.Select(line => JsonElement.Parse(line))
                .Select(record => (record.GetProperty("offset").GetInt64(), record.GetProperty("value").GetString()!)));
            return lines.Length == 0;
        });
        return log;
    }
}
