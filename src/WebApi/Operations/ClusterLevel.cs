using Loire.Grains.Interfaces.Brokers;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Operations;

/// <summary>
/// Tells whether all nodes know what a request needs: nodes of an earlier version would not take notice of it. A level is never lowered, so the cluster is
/// asked until it has it. Thread-safe.
/// </summary>
internal sealed class ClusterLevel(IGrainFactory grains)
{
    private volatile bool _hasConditionalAppends;

    /// <summary>The problem of a request that needs keyed producers or conditional appends; null if the cluster has them.</summary>
    public async ValueTask<ApiProblem?> CheckConditionalAppendsAsync()
    {
        if (_hasConditionalAppends)
        {
            return null;
        }

        var cluster = await grains.GetGrain<IClusterGrain>(IClusterGrain.Key).Describe();
        _hasConditionalAppends = cluster.HasConditionalAppends;
        return _hasConditionalAppends ? null
            : cluster.Problem is { } problem ? new ApiProblem(ErrorCode.KafkaStorageError, problem)
            : new ApiProblem(
                ErrorCode.UnsupportedVersion,
                $"The cluster's feature level is {cluster.FeatureLevel}; keys and expected offsets need level 5: upgrade it first.");
    }
}
