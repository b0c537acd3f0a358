using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Loire.Client.Hosting;

/// <summary>Healthy while the cluster answers.</summary>
internal sealed class LoireHealthCheck(LoireClient client) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await foreach (var _ in client.Admin.ListTopicsAsync(cancellationToken))
            {
                break;
            }

            return HealthCheckResult.Healthy();
        }
        catch (LoireException problem)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, problem.Message);
        }
    }
}

/// <summary>Healthy while every hosted consumer reads and no partition is stalled.</summary>
internal sealed class ConsumersHealthCheck(IEnumerable<ConsumerState> consumers) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var problems = consumers
            .SelectMany(consumer => consumer.Stalled
                .Select(still => $"{consumer.Name}: {still.Key} is stalled at offset {still.Value}.")
                .Concat(consumer.Trouble is { } trouble ? [$"{consumer.Name}: {trouble}"] : []))
            .ToArray();
        return Task.FromResult(problems.Length == 0
            ? HealthCheckResult.Healthy()
            : new HealthCheckResult(context.Registration.FailureStatus, string.Join(' ', problems)));
    }
}
