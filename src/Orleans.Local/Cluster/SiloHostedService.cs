using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Lifecycle;
using Orleans.Runtime;

namespace Orleans.Cluster;

/// <summary>Starts and stops a silo with its host. A stop with a token that is already cancelled is a kill.</summary>
internal sealed partial class SiloHostedService(
    IServiceProvider services, IEnumerable<IConfigurationValidator> validators, ILogger<SiloHostedService> log) : IHostedService
{
    private readonly SiloLifecycle _lifecycle = new(log);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var validator in validators)
        {
            validator.ValidateConfiguration();
        }

        var silo = services.GetRequiredService<Silo>();
        _lifecycle.Subscribe<Silo>(ServiceLifecycleStage.RuntimeInitialize, _ => Do(silo.Listen), _ => Do(silo.Kill));
        _lifecycle.Subscribe<Silo>(ServiceLifecycleStage.BecomeActive, _ => Do(silo.Join), silo.DrainAsync);
        foreach (var participant in services.GetServices<ILifecycleParticipant<ISiloLifecycle>>())
        {
            participant.Participate(_lifecycle);
        }

        Starting(log, silo.Name, silo.Address);
        await _lifecycle.OnStart(cancellationToken);
        Started(log, silo.Name);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        var silo = services.GetRequiredService<Silo>();
        Stopping(log, silo.Name);
        if (cancellationToken.IsCancellationRequested)
        {
            silo.Kill();
        }

        await _lifecycle.OnStop(cancellationToken);
        Stopped(log, silo.Name);
    }

    private static Task Do(Action step)
    {
        step();
        return Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Silo {Name} starts at {Address}.")]
    private static partial void Starting(ILogger log, string name, SiloAddress address);

    [LoggerMessage(Level = LogLevel.Information, Message = "Silo {Name} has started.")]
    private static partial void Started(ILogger log, string name);

    [LoggerMessage(Level = LogLevel.Information, Message = "Silo {Name} stops.")]
    private static partial void Stopping(ILogger log, string name);

    [LoggerMessage(Level = LogLevel.Information, Message = "Silo {Name} has stopped.")]
    private static partial void Stopped(ILogger log, string name);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stage {Stage} failed to stop; the stages below are stopped nevertheless.")]
    private static partial void StageFailedToStop(ILogger log, Exception error, int stage);

    private sealed class SiloLifecycle(ILogger log) : LifecycleStages, ISiloLifecycle
    {
        protected override void OnStopFailed(int stage, Exception error) => StageFailedToStop(log, error, stage);
    }
}
