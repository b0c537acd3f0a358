using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Loire.Client.Tests.Chaos;
using Loire.Cluster.Tests.Clusters;
using Loire.Silo.Tests;

namespace Loire.Cluster.Tests.Load;

/// <summary>
/// Producers and readers of one topic over HTTP, and what must hold of the answers that they get: nothing acknowledged is lost, doubled, changed or
/// moved; each producer's records keep their order; every reader gets each record once and in order, and nothing that was acknowledged
/// <see cref="Staleness"/> before is hidden from it.
/// </summary>
internal sealed class ClusterLoad : IAsyncDisposable
{
    /// <summary>How much older than the newest a node's knowledge may be that answers without a look at storage.</summary>
    private static readonly TimeSpan Staleness = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private const int RecordsPerWrite = 5;
    private const int FailuresShown = 5;

    private readonly CancellationTokenSource _end = new();
    private readonly CancellationTokenSource _noMoreRecords = new();
    private readonly List<Task> _producers = [];
    private readonly List<Task> _readers = [];
    private readonly List<(ClusterNode By, long[] Positions)> _positions = [];
    private readonly History[] _histories;
    private readonly long[] _lastAcknowledged;
    private readonly TimeSpan[] _longestPauses;
    private readonly ClusterOfProcesses _cluster;
    private readonly string _topic;
    private readonly int _seed;
    private readonly TimeSpan _pause;
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly ConcurrentDictionary<string, string> _told = new();
    private readonly ConcurrentDictionary<string, long> _places = new();
    private int _names;

    /// <summary>Prepares a load.</summary>
    /// <param name="cluster">The nodes.</param>
    /// <param name="topic">The topic, which exists.</param>
    /// <param name="partitions">Its partitions.</param>
    /// <param name="seed">Chooses the nodes to which producers go.</param>
    /// <param name="pause">How long a producer waits between two writes; a load that Azurite answers late measures Azurite.</param>
    public ClusterLoad(ClusterOfProcesses cluster, string topic, int partitions, int seed = 0, TimeSpan? pause = null)
    {
        _pause = pause ?? Pause;
        (_cluster, _topic, _seed) = (cluster, topic, seed);
        Answers = new ChaosHistory(partitions);
        _histories = [.. Enumerable.Range(0, partitions).Select(_ => new History())];
        _lastAcknowledged = new long[partitions];
        _longestPauses = new TimeSpan[partitions];
        Ends = new long[partitions];
    }

    public ChaosHistory Answers { get; }

    public int AcknowledgedCount => _histories.Sum(history => history.AcknowledgedCount);

    /// <summary>How long the partition that waited longest had no acknowledged write, since <see cref="ForgetPauses"/> and among writes that ended it.</summary>
    public TimeSpan LongestPause => _longestPauses.Max();

    public int Partitions => _histories.Length;

    public string Topic => _topic;

    /// <summary>The number of records of each partition; known once the load has ended.</summary>
    public long[] Ends { get; }

    /// <summary>Starts a producer of each partition for each node; one that fails goes to another node if it may.</summary>
    public void StartProducers(IReadOnlyList<ClusterNode> by, bool mayMove = false)
    {
        for (var partition = 0; partition < Partitions; partition++)
        {
            foreach (var node in by)
            {
                var (at, random) = (partition, new Random(HashCode.Combine(_seed, _producers.Count)));
                _producers.Add(RunAsync(() => ProduceAsync(random, at, node, mayMove ? by : [node])));
            }
        }
    }

    /// <summary>Starts a reader of each partition for each node, which stays with that node.</summary>
    public void StartReaders(IReadOnlyList<ClusterNode> by)
    {
        foreach (var node in by)
        {
            var positions = new long[Partitions];
            _positions.Add((node, positions));
            for (var partition = 0; partition < Partitions; partition++)
            {
                var at = partition;
                _readers.Add(RunAsync(() => ReadAsync(node, at, positions)));
            }
        }
    }

    /// <summary>Writes once to a partition; whether that was acknowledged.</summary>
    public Task<bool> WriteOnceAsync(ClusterNode by, int partition) => WriteAsync(by, partition, NewName(), 0);

    /// <summary>
    /// Writes to a partition again and again, without waiting for the answers, until a write is acknowledged; the moment of that, of <see cref="Stopwatch"/>.
    /// </summary>
    public Task<long> FirstWriteAsync(ClusterNode by, int partition, TimeSpan interval, TimeSpan within) =>
        Attempts.FirstSuccessAsync($"a write to partition {partition}", () => WriteOnceAsync(by, partition), interval, within);

    /// <summary>Waits until each partition has acknowledged a write that began after this call.</summary>
    public async Task WritesToAllAsync(TimeSpan within)
    {
        var begun = Stopwatch.GetTimestamp();
        await Until.TrueAsync("every partition has acknowledged a write", () => _lastAcknowledged.All(at => Volatile.Read(in at) > begun), within);
    }

    /// <summary>Forgets pauses, also those that have begun.</summary>
    public void ForgetPauses()
    {
        Array.Fill(_lastAcknowledged, Stopwatch.GetTimestamp());
        lock (_longestPauses)
        {
            Array.Clear(_longestPauses);
        }
    }

    /// <summary>Ends the load once all readers of nodes that are up have reached the end, and compares everything with what is stored.</summary>
    public async Task EndAsync()
    {
        await WritesToAllAsync(TimeSpan.FromMinutes(1));
        await _noMoreRecords.CancelAsync();
        await Task.WhenAll(_producers);
        var by = _cluster.Nodes.First(node => !node.Process.HasExited);
        for (var partition = 0; partition < Partitions; partition++)
        {
            var log = await ReadAllAsync(by, partition);
            Ends[partition] = log.Count;
            foreach (var (reader, positions) in _positions)
            {
                await Until.TrueAsync(
                    $"a reader by node {reader.Id} reaches the end of partition {partition}",
                    () => reader.Process.HasExited || Volatile.Read(ref positions[partition]) >= log.Count);
            }

            Judge(partition, log);
        }

        await _end.CancelAsync();
        await Task.WhenAll(_readers);
        Assert.True(Answers.Problems.IsEmpty, string.Join('\n', Answers.Problems));
    }

    /// <summary>Every request that a node answered with an error, or did not answer.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    public string Summary() => string.Join('\n', [$"{AcknowledgedCount} records acknowledged, {Answers.Summary()}", .. _failures.Take(FailuresShown)]);

    public async ValueTask DisposeAsync()
    {
        await _noMoreRecords.CancelAsync();
        await _end.CancelAsync();
        await Task.WhenAll([.. _producers, .. _readers]);
        _noMoreRecords.Dispose();
        _end.Dispose();
    }

    private void Judge(int partition, List<(long Offset, string Value)> log)
    {
        try
        {
            _histories[partition].Judge(log);
        }
        catch (Xunit.Sdk.XunitException broken)
        {
            Answers.Problems.Enqueue($"partition {partition}: {broken.Message}");
        }

        Answers.CompareWith(partition, [.. log.Select(record => record.Value)]);
    }

    private Task RunAsync(Func<Task> client) => Task.Run(async () =>
    {
        try
        {
            await client();
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested || _noMoreRecords.IsCancellationRequested)
        {
        }
        catch (Exception bug)
        {
            Answers.Problems.Enqueue($"a client ended: {bug}");
        }
    });

    private async Task ProduceAsync(Random random, int partition, ClusterNode node, IReadOnlyList<ClusterNode> others)
    {
        var (name, sequence) = (NewName(), 0L);
        while (!_noMoreRecords.IsCancellationRequested)
        {
            if (await WriteAsync(node, partition, name, sequence))
            {
                sequence += RecordsPerWrite;
            }
            else
            {
                // It may still come, after whatever is sent next: then nothing promises an order.
                (name, sequence) = (NewName(), 0);
                node = others[random.Next(others.Count)];
            }

            await Task.Delay(_pause);
        }
    }

    private int NewName() => Interlocked.Increment(ref _names);

    private async Task<bool> WriteAsync(ClusterNode node, int partition, int name, long sequence)
    {
        var values = new string[RecordsPerWrite];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = string.Create(CultureInfo.InvariantCulture, $"{name}-{sequence + i}-{partition}");
            _histories[partition].Sent(name, sequence + i, values[i]);
        }

        var begun = DateTime.UtcNow;
        var appended = await AppendAsync(node, partition, string.Join('\n', values));
        _told[values[0]] = string.Create(
            CultureInfo.InvariantCulture,
            $"sent at {begun:HH:mm:ss.fff} by way of node {node.Id}, answered at {DateTime.UtcNow:HH:mm:ss.fff} with {(appended is { } told ? $"offset {told}" : "a failure")}");
        if (appended is not { } first)
        {
            return false;
        }

        for (var i = 0; i < values.Length; i++)
        {
            _histories[partition].Acknowledged(first + i, values[i]);
        }

        Acknowledged(partition, first + RecordsPerWrite - 1);
        return true;
    }

    private void Acknowledged(int partition, long last)
    {
        Answers.Acknowledge(partition, last);
        var now = Stopwatch.GetTimestamp();
        var before = Interlocked.Exchange(ref _lastAcknowledged[partition], now);
        lock (_longestPauses)
        {
            var pause = before == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(before, now);
            _longestPauses[partition] = pause > _longestPauses[partition] ? pause : _longestPauses[partition];
        }
    }

    /// <summary>The offset of the first record; null if the outcome is unknown or a refusal.</summary>
    private async Task<long?> AppendAsync(ClusterNode node, int partition, string lines)
    {
        var answer = await CallAsync(node, $"records?partition={partition}", new StringContent(lines, new MediaTypeHeaderValue("text/plain")));
        if (answer.Status != HttpStatusCode.OK)
        {
            return null;
        }

        var told = JsonElement.Parse(answer.Body).GetProperty("partitions")[0];
        var (first, last) = (told.GetProperty("first_offset").GetInt64(), told.GetProperty("last_offset").GetInt64());
        Assert.Equal(first + RecordsPerWrite - 1, last);
        return first;
    }

    private async Task ReadAsync(ClusterNode node, int partition, long[] positions)
    {
        while (!_end.IsCancellationRequested)
        {
            var position = positions[partition];
            var known = Answers.AcknowledgedBefore(partition, Staleness);
            var (status, body) = await CallAsync(node, $"partitions/{partition}/records?offset={position}&max_wait_ms=300");
            if (status is not (HttpStatusCode.OK or HttpStatusCode.RequestedRangeNotSatisfiable))
            {
                await Task.Delay(Pause, _end.Token);
                continue;
            }

            var records = status == HttpStatusCode.OK ? Records(body) : [];
            if (records.Count == 0 && known >= position)
            {
                Answers.Problems.Enqueue(
                    $"offset {known} of partition {partition} was acknowledged {Staleness.TotalSeconds} s before node {node.Id} was asked, which answered {(int)status} from {position}: {body}");
                return;
            }

            foreach (var (offset, value) in records)
            {
                if (offset != position)
                {
                    Answers.Problems.Enqueue($"a reader at {position} of partition {partition} got the record at {offset}");
                }

                Answers.Read(partition, offset, value);
                if (_places.GetOrAdd(value, offset) is var place && place != offset)
                {
                    Answers.Problems.Enqueue($"{value} stands at {place} and at {offset} of partition {partition}; {_told.GetValueOrDefault(value)}");
                }

                position = offset + 1;
            }

            Volatile.Write(ref positions[partition], position);
        }
    }

    private async Task<List<(long Offset, string Value)>> ReadAllAsync(ClusterNode node, int partition)
    {
        var log = new List<(long, string)>();
        await Until.TrueAsync($"partition {partition} is read to its end", async () =>
        {
            var (status, body) = await CallAsync(node, $"partitions/{partition}/records?offset={log.Count}&max_bytes=4000000&max_wait_ms=0");
            var records = status == HttpStatusCode.OK ? Records(body) : [];
            log.AddRange(records);
            return status == HttpStatusCode.OK && records.Count == 0;
        });
        return log;
    }

    private static List<(long Offset, string Value)> Records(string lines) =>
    [
        .. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonElement.Parse(line)).Select(record => (record.GetProperty("offset").GetInt64(), record.GetProperty("value").GetString()!)),
    ];

    /// <summary>One request for the topic by way of a node; no status if no answer comes.</summary>
    private async Task<(HttpStatusCode? Status, string Body)> CallAsync(ClusterNode node, string path, HttpContent? body = null)
    {
        var begun = Stopwatch.GetTimestamp();
        using var timeout = new CancellationTokenSource(CallTimeout);
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, new Uri(node.Url, $"/v1/topics/{_topic}/{path}")) { Content = body };
        request.Headers.Accept.ParseAdd(body is null ? "application/x-ndjson" : "application/json");
        var kind = body is null ? "reads" : "writes";
        try
        {
            using var response = await _cluster.Http.SendAsync(request, timeout.Token);
            var text = await response.Content.ReadAsStringAsync(timeout.Token);
            if (!response.IsSuccessStatusCode)
            {
                _failures.Enqueue($"after {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:F0} ms, node {node.Id}, {path}: {text}");
            }

            Answers.Count($"{kind} {(int)response.StatusCode}{(response.IsSuccessStatusCode ? "" : ErrorCodeOf(text))}");
            return (response.StatusCode, text);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            _failures.Enqueue($"after {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:F0} ms, node {node.Id}, {path}: {failure.Message}");
            Answers.Count(failure is OperationCanceledException ? $"{kind} without an answer for {CallTimeout.TotalSeconds} s" : $"{kind} cut off");
            return (null, "");
        }
    }

    private static string ErrorCodeOf(string problem) => $" {JsonElement.Parse(problem).GetProperty("code").GetString()}";
}
