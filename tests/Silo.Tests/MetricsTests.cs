using System.Diagnostics.Metrics;
using System.Net;
using System.Text.RegularExpressions;
using Loire.Grains.Hosting;
using Loire.Grains.Interfaces.Groups;
using Loire.Kafka.Connections;
using Loire.Model.Groups;
using Loire.Model;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace Loire.Silo.Tests;

public sealed partial class MetricsTests
{
    [Fact]
    public async Task A_produce_a_fetch_and_a_commit_are_in_the_metrics()
    {
        // The mirror of commits would append records of its own.
        await using var node = await EmbeddedNode.StartAsync(configureBuilder: builder =>
            builder.Services.Configure<LoireGrainsOptions>(options => options.Groups.MirrorOffsets = false));
        await ProduceFetchAndCommitAsync(node);
        var text = await node.Client.GetStringAsync("/metrics");
        var values = Values(text);
        Assert.Equal(3, values["loire_http_produce_records_total"]);
        Assert.Equal(3, values["loire_partition_append_records_total"]);
        Assert.Equal(1, values["loire_group_commits_total"]);
        Assert.Equal(1, values["loire_group_commit_offsets_total"]);
        Assert.Equal(1, values["loire_group_members"]);
        Assert.All(
            [
                "loire_partition_appends_total", "loire_partition_append_size_bytes_total", "loire_partition_fetches_total",
                "loire_partition_fetch_size_bytes_total", "loire_http_fetch_size_bytes_total", "loire_log_chunks_total", "loire_log_written_bytes_total",
                "loire_log_commit_duration_seconds_count", "loire_storage_objects", "loire_storage_files", "loire_storage_file_size_bytes",
                "loire_storage_live_size_bytes", "loire_storage_index_size_bytes", "loire_storage_commits_total", "loire_storage_syncs_total",
                "loire_storage_records_total", "loire_storage_written_bytes_total", "dotnet_gc_collections_total",
            ],
            name => Assert.True(values.GetValueOrDefault(name) > 0, name));
        Assert.Contains(values.Keys, name => name.StartsWith("orleans_", StringComparison.Ordinal));
        Assert.Contains("kestrel_active_connections", values.Keys);
        Assert.Equal(1, values["http_server_active_requests"]);
    }

    [Fact]
    public async Task Metrics_follow_the_grammar_of_Prometheus_text()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await node.SendAsync(HttpMethod.Get, "/v1/topics");
        var text = await node.Client.GetStringAsync("/metrics");
        Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches(Grammar(), line));
        var names = text.Split('\n').Where(line => line.StartsWith("# TYPE", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]).ToArray();
        Assert.Equal(names.Distinct(), names);
    }

    [Fact]
    public async Task The_series_of_a_metric_are_bounded()
    {
        await using var node = await EmbeddedNode.StartAsync();
        var counter = node.Services.GetRequiredService<IMeterFactory>().Create("Loire.Tests").CreateCounter<int>("loire.tests.many");
        for (var i = 0; i < 1_500; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("topic", $"t\"{i}\\\n"));
        }

        var text = await node.Client.GetStringAsync("/metrics");
        var lines = text.Split('\n').Where(line => line.StartsWith("loire_tests_many_total{", StringComparison.Ordinal)).ToArray();
        Assert.Equal(1_001, lines.Length);
        Assert.Contains(lines, line => line.Contains("otel_metric_overflow=\"true\"", StringComparison.Ordinal) && line.EndsWith("} 500", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("topic=\"t\\\"0\\\\\\n\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Meters_of_another_host_in_the_process_are_not_exported()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var other = await EmbeddedNode.StartAsync();
        await ProduceFetchAndCommitAsync(other);
        Assert.DoesNotContain("loire_http_produce_records_total", Values(await node.Client.GetStringAsync("/metrics")).Keys);
    }

    [Fact]
    public async Task The_README_lists_every_instrument_and_no_other()
    {
        await using var node = await EmbeddedNode.StartAsync(options => options.KafkaEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)]);
        await ProduceFetchAndCommitAsync(node);
        node.Services.GetRequiredService<KafkaMetrics>();
        var factory = node.Services.GetRequiredService<IMeterFactory>();
        var published = new SortedSet<string>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Scope == factory && instrument.Meter.Name.StartsWith("Loire.", StringComparison.Ordinal))
                {
                    published.Add(instrument.Name);
                }
            },
        };
        listener.Start();
        var documented = Documented().Matches(await File.ReadAllTextAsync(Path.Combine(Root(), "README.md"))).Select(match => match.Groups[1].Value);
        Assert.Equal(published, documented.Where(name => !name.StartsWith("loire.producer.", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Without_an_endpoint_nothing_is_traced()
    {
        await using var node = await EmbeddedNode.StartAsync();
        Assert.Null(node.Services.GetService<TracerProvider>());
    }

    internal static async Task ProduceFetchAndCommitAsync(EmbeddedNode node)
    {
        await node.SendAsync(HttpMethod.Post, "/v1/topics", """{"topic_name":"t"}""");
        await node.SendAsync(HttpMethod.Post, "/v1/topics/t/records", "a\nb\nc\n", "text/plain");
        await node.SendAsync(HttpMethod.Get, "/v1/topics/t/partitions/0/records");
        await node.SendAsync(
            HttpMethod.Put, "/v1/groups/g/offsets", """{"offsets":[{"topic_name":"t","partition":0,"offset":1}]}""");
        var terms = new MemberSubscription([TopicName.Parse("t")], null, ["range"], TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(5));
        await node.Services.GetRequiredService<IGrainFactory>().GetGrain<IGroupGrain>("h").Heartbeat(
            new HeartbeatRequest("m", null, 0, "app", "here", terms, [], TimeSpan.Zero), CancellationToken.None);
    }

    /// <summary>The sum of each metric's series.</summary>
    private static Dictionary<string, double> Values(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(line => line[0] != '#')
        .GroupBy(line => line[..line.IndexOfAny(['{', ' '])], line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture))
        .ToDictionary(series => series.Key, series => series.Sum());

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Orleans.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }

    [GeneratedRegex("^(# (HELP|TYPE) [a-zA-Z_][a-zA-Z0-9_]* .*|[a-zA-Z_][a-zA-Z0-9_]*(\\{([a-zA-Z_][a-zA-Z0-9_]*=\"([^\"\\\\]|\\\\.)*\",?)+\\})? [-+0-9.eEINaf]+|# EOF)$")]
    private static partial Regex Grammar();

    // The first column of the table of instruments.
    [GeneratedRegex(@"^\| `(loire\.[a-z_.]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Documented();
}
