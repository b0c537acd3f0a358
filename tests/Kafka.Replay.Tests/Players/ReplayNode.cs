using System.Net;
using Loire.Grains.Interfaces.Transactions;
using Loire.Silo;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Loire.Kafka.Replay.Tests.Players;

/// <summary>A whole node in this process whose clock is of the hour of the recordings, so that no record is too old or too new for it.</summary>
public sealed class ReplayNode : IAsyncLifetime
{
    private static readonly DateTimeOffset RecordedAt = new(2026, 11, 28, 20, 0, 0, TimeSpan.Zero);

    private readonly string _directory = Directory.CreateTempSubdirectory("loire-replay-").FullName;
    private WebApplication? _app;

    /// <summary>The node's clock.</summary>
    public TimeProvider Time { get; } = new RecordedTime(RecordedAt);

    /// <summary>Where Kafka's clients are served.</summary>
    public IPEndPoint Kafka { get; private set; } = new(IPAddress.Loopback, 0);

    public IGrainFactory Grains => _app!.Services.GetRequiredService<IGrainFactory>();

    public async Task InitializeAsync()
    {
        var options = new NodeOptions
        {
            Data = _directory,
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            KafkaEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            LogLevel = LogLevel.Warning,
            NodeId = 1,
            GroupInitialRebalanceDelay = TimeSpan.Zero,
        };
        _app = LoireHost.Build(options, builder => builder.Services.AddSingleton(Time));
        await _app.StartAsync();

        Kafka = IPEndPoint.Parse(LoireHost.AddressesOf(_app, options).Kafka.Single());

        // The comparison takes id 0 for none.
        await Grains.GetGrain<IProducerIdGrain>(IProducerIdGrain.Key).Next();
    }

    public async Task DisposeAsync()
    {
        await _app!.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>A clock that began at another time, and runs as fast as any.</summary>
    private sealed class RecordedTime(DateTimeOffset start) : TimeProvider
    {
        private readonly TimeSpan _shift = start - System.GetUtcNow();

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _shift;
    }
}
