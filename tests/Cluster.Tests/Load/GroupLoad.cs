using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Loire.Client.Tests.Chaos;
using Loire.Cluster.Tests.Clusters;

namespace Loire.Cluster.Tests.Load;

/// <summary>
/// Members of one group over HTTP, each request by way of any node, and what must hold: every record is delivered; an offset is committed only once all records
/// before it have been delivered; a committed offset never goes back, whichever node is asked. A member that its cluster has lost is replaced.
/// </summary>
internal sealed class GroupLoad : IAsyncDisposable
{
    private const int SessionTimeoutMs = 6_000;

    // A member whose creation was not answered keeps its partitions for so long: nobody knows its id.
    private const int MaxPollIntervalMs = 15_000;

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _end = new();
    private readonly CancellationTokenSource _leave = new();
    private readonly ConcurrentDictionary<(int Partition, long Offset), bool> _delivered = new();
    private readonly long[] _committed;
    private readonly ClusterOfProcesses _cluster;
    private readonly ChaosHistory _answers;
    private readonly string _topic;
    private readonly string _group;
    private readonly List<Task> _members = [];
    private readonly Task _watch;

    /// <summary>Starts the members of a group that reads one topic from its begin.</summary>
    public GroupLoad(ClusterOfProcesses cluster, ClusterLoad load, int members, int seed)
    {
        (_cluster, _answers, _topic, _group) = (cluster, load.Answers, load.Topic, $"of-{load.Topic}");
        _committed = new long[load.Partitions];
        _members.AddRange(Enumerable.Range(0, members).Select(number => RunAsync(() => ReadAsync(new Random(HashCode.Combine(seed, "member", number))))));
        _watch = RunAsync(() => WatchAsync(new Random(HashCode.Combine(seed, "offsets"))));
    }

    /// <summary>Waits until every record is delivered and committed.</summary>
    /// <param name="ends">The number of records of each partition, to which nothing is added any more.</param>
    public async Task EndAsync(IReadOnlyList<long> ends)
    {
        foreach (var (partition, end) in ends.Index())
        {
            await Until.TrueAsync(
                $"the group gets all {end} records of partition {partition}, or there is a problem",
                () => !_answers.Problems.IsEmpty || Enumerable.Range(0, (int)end).All(offset => _delivered.ContainsKey((partition, offset))));
            await Until.TrueAsync(
                $"the group commits {end} for partition {partition}, or there is a problem",
                () => !_answers.Problems.IsEmpty || Volatile.Read(ref _committed[partition]) == end);
        }

        await _leave.CancelAsync();
        await Task.WhenAll(_members);
        await _end.CancelAsync();
        await _watch;
        Assert.Empty(_answers.Problems);
    }

    public async ValueTask DisposeAsync()
    {
        await _leave.CancelAsync();
        await _end.CancelAsync();
        await Task.WhenAll([.. _members, _watch]);
        _leave.Dispose();
        _end.Dispose();
    }

    private Task RunAsync(Func<Task> client) => Task.Run(async () =>
    {
        try
        {
            await client();
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested || _leave.IsCancellationRequested)
        {
        }
        catch (Exception bug)
        {
            _answers.Problems.Enqueue($"a client of the group ended: {bug}");
        }
    });

    private async Task ReadAsync(Random random)
    {
        var (path, receipt) = ("", "");
        try
        {
            while (!_leave.IsCancellationRequested)
            {
                if (path.Length == 0)
                {
                    var created = await CallAsync(random, HttpMethod.Post, $"v1/groups/{_group}/members", new
                    {
                        topics = new[] { _topic },
                        auto_offset_reset = "earliest",
                        auto_commit_interval_ms = 500,
                        session_timeout_ms = SessionTimeoutMs,
                        max_poll_interval_ms = MaxPollIntervalMs,
                    });
                    (path, receipt) = (created.Status == HttpStatusCode.Created ? $"v1/groups/{_group}/members/{created.Json.GetProperty("member_id").GetString()}" : "", "");
                    _answers.Count($"members {(created.Status == HttpStatusCode.Created ? "created" : "not created")}");
                    await Task.Delay(Pause, _leave.Token);
                    continue;
                }

                // The receipt of what was worked off: an answer that is lost comes again.
                var after = receipt.Length == 0 ? "" : $"&after={receipt}";
                var answer = await CallAsync(random, HttpMethod.Get, $"{path}/records?max_wait_ms=500{after}");
                switch (answer.Status)
                {
                    case HttpStatusCode.OK:
                        foreach (var record in answer.Json.EnumerateArray())
                        {
                            var (partition, offset) = (record.GetProperty("partition").GetInt32(), record.GetProperty("offset").GetInt64());
                            _answers.Read(partition, offset, record.GetProperty("value").GetString()!);
                            _delivered[(partition, offset)] = true;
                        }

                        receipt = answer.Receipt;
                        break;
                    case HttpStatusCode.NotFound:
                        _answers.Count("members lost");
                        path = "";
                        break;
                    default:
                        await Task.Delay(Pause, _leave.Token);
                        break;
                }
            }
        }
        finally
        {
            // What follows on the same cluster begins without its members.
            _ = path.Length > 0 ? await CallAsync(random, HttpMethod.Delete, path) : default;
        }
    }

    private async Task WatchAsync(Random random)
    {
        while (!_end.IsCancellationRequested)
        {
            var answer = await CallAsync(random, HttpMethod.Get, $"v1/groups/{_group}/offsets?topic={_topic}");
            foreach (var entry in answer.Status == HttpStatusCode.OK ? answer.Json.EnumerateArray() : default)
            {
                var (partition, offset) = (entry.GetProperty("partition").GetInt32(), entry.GetProperty("offset").GetInt64());
                var before = _committed[partition];
                if (offset < before)
                {
                    _answers.Problems.Enqueue($"the committed offset of partition {partition} went back from {before} to {offset}");
                }

                for (var at = before; at < offset; at++)
                {
                    if (!_delivered.ContainsKey((partition, at)))
                    {
                        _answers.Problems.Enqueue($"offset {offset} of partition {partition} is committed, and the record at {at} was never delivered");
                        break;
                    }
                }

                Volatile.Write(ref _committed[partition], offset);
            }

            await Task.Delay(BetweenLooks, _end.Token);
        }
    }

    /// <summary>One request by way of any node; no status if no answer comes.</summary>
    private async Task<(HttpStatusCode? Status, JsonElement Json, string Receipt)> CallAsync(Random random, HttpMethod method, string path, object? body = null)
    {
        using var timeout = new CancellationTokenSource(CallTimeout);
        var node = _cluster.Nodes[random.Next(_cluster.Nodes.Count)];
        using var request = new HttpRequestMessage(method, new Uri(node.Url, path)) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Accept.ParseAdd("application/json");
        try
        {
            using var response = await _cluster.Http.SendAsync(request, timeout.Token);
            var text = await response.Content.ReadAsStringAsync(timeout.Token);
            _answers.Count($"group calls {(int)response.StatusCode}");
            return (response.StatusCode, response.IsSuccessStatusCode && text.Length > 0 ? JsonElement.Parse(text) : default,
                response.Headers.TryGetValues("Next-After", out var receipts) ? receipts.First() : "");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            _answers.Count("group calls without an answer");
            return (null, default, "");
        }
    }
}
