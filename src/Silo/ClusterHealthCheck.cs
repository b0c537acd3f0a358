using System.Globalization;
using Loire.Grains.Brokers;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Loire.Silo;

/// <summary>
/// Whether all brokers of the cluster are there. One that has ended without leaving it, or that the cluster has given up, is missed until it is back or removed:
/// degraded, because this node serves everything all the same. One that was stopped is not missed.
/// </summary>
internal sealed class ClusterHealthCheck(ClusterHealth cluster) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var missing = cluster.Missing.ToList();
        return Task.FromResult(cluster.Problem is { } problem ? HealthCheckResult.Degraded(problem)
            : missing.Count == 0 ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded(string.Create(
                CultureInfo.InvariantCulture, $"{missing.Count} of {cluster.States.Count} brokers have ended without leaving the cluster: {string.Join(", ", missing)}.")));
    }
}
