using System.Net;
using System.Text.Json.Nodes;
using Loire.Grains.Interfaces.Transactions;
using Loire.Silo;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Loire.Kafka.Replay.Players;

/// <summary>
/// A whole node in this process, with a directory of its own, on a free port, whose clock is of the hour of the recordings, so that no record is too old or too new for
/// it. Its retention does not check: some recorded records are of 1970.
/// </summary>
public sealed class ReplayNode : IAsyncDisposable
{
    /// <summary>The hour of the recordings in the repository.</summary>
    public static readonly DateTimeOffset RecordedAt = new(2026, 11, 28, 20, 0, 0, TimeSpan.Zero);

    private static readonly HashSet<string> ToldTimes = ["transactionStartTimeMs", "logAppendTimeMs", "lastTimestamp"];

    private readonly string _directory = Directory.CreateTempSubdirectory("loire-replay-").FullName;
    private readonly WebApplication _app;
    private readonly NodeOptions _options;

    private ReplayNode(DateTimeOffset now)
    {
        _options = new NodeOptions
        {
            Data = _directory,
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            KafkaEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            LogLevel = LogLevel.Warning,
            NodeId = 1,
            GroupInitialRebalanceDelay = TimeSpan.Zero,
            RetentionCheckInterval = TimeSpan.FromDays(1),
        };
        _app = LoireHost.Build(_options, builder =>
        {
            builder.Services.AddSingleton<TimeProvider>(new RecordedTime(now));

            // A node that stops among so many topics reports each of its own calls that end with it.
            builder.Services.PostConfigure<LoggerFilterOptions>(filters => filters.Rules.Add(
                new LoggerFilterRule(null, null, LogLevel.Warning, (_, _, _) => _app is null || !Stopping.IsCancellationRequested)));
        });
    }

    /// <summary>Where Kafka's clients are served.</summary>
    public IPEndPoint Kafka { get; private set; } = new(IPAddress.Loopback, 0);

    /// <summary>The grains of the node.</summary>
    public IGrainFactory Grains => _app.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Cancelled once the node was told to stop, as by a signal.</summary>
    public CancellationToken Stopping => _app.Lifetime.ApplicationStopping;

    /// <summary>Starts a node.</summary>
    /// <param name="now">What its clock shows then.</param>
    public static async Task<ReplayNode> StartAsync(DateTimeOffset now)
    {
        var node = new ReplayNode(now);
        await node._app.StartAsync();
        node.Kafka = IPEndPoint.Parse(LoireHost.AddressesOf(node._app, node._options).Kafka.Single());

        // The comparison takes id 0 for none.
        await node.Grains.GetGrain<IProducerIdGrain>(IProducerIdGrain.Key).Next();
        return node;
    }

    /// <summary>When scenarios were recorded, as far as can be known: the last time that a broker told in them, and not before <see cref="RecordedAt"/>.</summary>
    public static DateTimeOffset TimeOf(IEnumerable<JsonNode> scenarios)
    {
        var latest = scenarios.SelectMany(Times).Append(0).Max();
        return latest > RecordedAt.ToUnixTimeMilliseconds() ? DateTimeOffset.FromUnixTimeMilliseconds(latest) : RecordedAt;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private static IEnumerable<long> Times(JsonNode? node) => node switch
    {
        JsonObject fields => fields.SelectMany(field =>
            ToldTimes.Contains(field.Key) && field.Value is JsonValue value && value.TryGetValue<long>(out var time) ? [time] : Times(field.Value)),
        JsonArray items => items.SelectMany(Times),
        _ => [],
    };

    /// <summary>A clock that began at another time, and runs as fast as any.</summary>
    private sealed class RecordedTime(DateTimeOffset start) : TimeProvider
    {
        private readonly TimeSpan _shift = start - System.GetUtcNow();

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _shift;
    }
}
