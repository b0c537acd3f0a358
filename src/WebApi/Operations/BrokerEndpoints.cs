using System.Globalization;
using Loire.Edge.Calls;
using Loire.Edge.Offsets;
using Loire.Grains.Interfaces.Brokers;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Operations;

/// <summary><c>/v1/brokers</c>: the brokers of the cluster, whichever of them is asked.</summary>
internal sealed class BrokerEndpoints(IGrainFactory grains)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/brokers", ListAsync).Describe("listBrokers", "Lists the brokers of the cluster").Fails(503);
        routes.MapGet("/brokers/{broker}", GetAsync).Describe("getBroker", "Shows a broker").Fails(400, 404, 503);
        routes.MapDelete("/brokers/{broker}", RemoveAsync)
            .Describe(
                "removeBroker",
                "Removes a broker for good",
                "It is not listed any more, and its absence degrades no health check. Refused while it lives. If it starts again, it is part of the "
                + "cluster again.")
            .Fails(400, 404, 409, 503);
        routes.MapPost("/brokers/{broker}:drain", DrainAsync)
            .Describe(
                "drainBroker",
                "Stops a broker in order",
                "Its partitions move to the other brokers without failing requests, and then its process ends. Answers when that has begun.")
            .Fails(400, 404, 409, 503);
        routes.MapPost("/brokers:rebalance", RebalanceAsync)
            .Describe(
                "rebalanceBrokers",
                "Spreads the leadership of partitions evenly over the brokers that serve",
                "Handles one page of topics; next is the after of the following page. Partitions move after the answer, a few at a time.")
            .Fails(400, 409, 413, 415, 503);
        routes.MapPost("/brokers:upgrade", UpgradeAsync)
            .Describe(
                "upgradeBrokers",
                "Raises the feature level of the cluster",
                "Without feature_level to the highest that all brokers support. From then on no broker of a version without that level can join, and the "
                + "level is never lowered.")
            .Fails(400, 409, 413, 415, 503);
    }

    private async Task<Results<Ok<BrokerJson[]>, ApiProblem>> ListAsync()
    {
        var cluster = await DescribeAsync();
        return ProblemOf(cluster) is { } problem ? problem : TypedResults.Ok<BrokerJson[]>([.. cluster.Brokers.Select(broker => BrokerJson.Of(cluster, broker))]);
    }

    private async Task<Results<Ok<BrokerJson>, ApiProblem>> GetAsync(int broker)
    {
        var cluster = await DescribeAsync();
        return ProblemOf(cluster) is { } problem ? problem
            : cluster.Brokers.FirstOrDefault(known => known.Id == broker) is { } found ? TypedResults.Ok(BrokerJson.Of(cluster, found))
            : NotRegistered(broker);
    }

    private async Task<Results<Accepted<BrokerJson>, ApiProblem>> DrainAsync(int broker)
    {
        var cluster = await DescribeAsync();
        if (ProblemOf(cluster) is { } problem)
        {
            return problem;
        }

        if (cluster.Brokers.FirstOrDefault(known => known.Id == broker) is not { } found)
        {
            return NotRegistered(broker);
        }

        var json = BrokerJson.Of(cluster, found);
        if (found.State != BrokerState.Running)
        {
            return Conflict(ErrorCode.BrokerNotAvailable, $"Broker {broker} is {json.State}.");
        }

        return await grains.GetGrain<IBrokerGrain>(broker).Drain() == ErrorCode.None
            ? TypedResults.Accepted((string?)null, json)
            : Conflict(ErrorCode.PolicyViolation, $"No other broker serves that could take over the partitions of broker {broker}.");
    }

    private async Task<Results<Ok<RebalancedJson>, ApiProblem>> RebalanceAsync(
        Body<RebalanceJson> body, CancellationToken aborted)
    {
        var (after, limit, dryRun) = body.Value;
        if (limit is < 1 or > Limits.TopicsPerPage)
        {
            return ApiProblem.BadRequest($"limit must lie between 1 and {Limits.TopicsPerPage}.");
        }

        var cluster = await DescribeAsync();
        if (ProblemOf(cluster) is { } problem)
        {
            return problem;
        }

        if (!cluster.HasPreferredLeaders)
        {
            return Conflict(
                ErrorCode.UnsupportedVersion, $"The cluster's feature level is {cluster.FeatureLevel}, and topics have preferred leaders from 1 on: upgrade it first.");
        }

        var page = await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).List(after, limit);
        if (page.Error != ErrorCode.None)
        {
            return new ApiProblem(page.Error);
        }

        var (changed, failed) = (0, 0);
        await Parallel.ForEachAsync(
            page.Names, new ParallelOptions { MaxDegreeOfParallelism = OffsetLookup.AtOnce, CancellationToken = aborted }, async (name, _) =>
            {
                var partitions = await RebalanceTopicAsync(name, dryRun);
                Interlocked.Add(ref partitions is null ? ref failed : ref changed, partitions ?? 1);
            });
        return TypedResults.Ok(new RebalancedJson(page.Names.Length, changed, failed, page.HasMore ? page.Names[^1].Value : null));
    }

    /// <summary>The number of partitions that have got another preferred leader; null if the topic could not be changed.</summary>
    private async Task<int?> RebalanceTopicAsync(TopicName name, bool dryRun)
    {
        try
        {
            var topic = grains.GetGrain<ITopicGrain>(name.Value);
            var (before, after) = (await topic.Describe(), await topic.Rebalance(dryRun));
            if (before.Error == ErrorCode.UnknownTopicOrPartition || after.Error == ErrorCode.UnknownTopicOrPartition)
            {
                // It was deleted since the page was read.
                return 0;
            }

            var leaders = before.Topic?.PreferredLeaders ?? [];
            return after.Topic?.PreferredLeaders?.Where((leader, partition) => partition >= leaders.Length || leader != leaders[partition]).Count();
        }
        catch (Exception failure) when (GrainCallErrors.Of(failure) is not null)
        {
            return null;
        }
    }

    private async Task<Results<Ok<UpgradedJson>, ApiProblem>> UpgradeAsync(OptionalBody<UpgradeJson> body)
    {
        var (level, validateOnly) = body.Value ?? new UpgradeJson();
        if (level < 0)
        {
            return ApiProblem.BadRequest("feature_level must be at least 0.");
        }

        var upgrade = await grains.GetGrain<IClusterGrain>(IClusterGrain.Key).Upgrade(level, validateOnly);
        return upgrade.Error switch
        {
            ErrorCode.None => TypedResults.Ok(new UpgradedJson(upgrade.Before, upgrade.After)),
            ErrorCode.InvalidUpdateVersion or ErrorCode.FeatureUpdateFailed =>
                new ApiProblem(upgrade.Error, upgrade.Detail, StatusCodes.Status409Conflict),
            var error => new ApiProblem(error, upgrade.Detail),
        };
    }

    private async Task<Results<NoContent, ApiProblem>> RemoveAsync(int broker) => await grains.GetGrain<IClusterGrain>(IClusterGrain.Key).Remove(broker) switch
    {
        ErrorCode.None => TypedResults.NoContent(),
        ErrorCode.BrokerIdNotRegistered => NotRegistered(broker),
        ErrorCode.PolicyViolation => new ApiProblem(
            ErrorCode.PolicyViolation,
            string.Create(CultureInfo.InvariantCulture, $"Broker {broker} is part of the living cluster. Stop it first."),
            StatusCodes.Status409Conflict),
        var error => new ApiProblem(error, "The registry of brokers in the store cannot be used now."),
    };

    private static ApiProblem? ProblemOf(ClusterDescription cluster) =>
        cluster.Problem is { } problem ? new ApiProblem(ErrorCode.KafkaStorageError, problem) : null;

    private static ApiProblem NotRegistered(int broker) => new(
        ErrorCode.BrokerIdNotRegistered, string.Create(CultureInfo.InvariantCulture, $"Broker {broker} is not part of the cluster."));

    private static ApiProblem Conflict(ErrorCode error, FormattableString detail) =>
        new(error, detail.ToString(CultureInfo.InvariantCulture), StatusCodes.Status409Conflict);

    private async Task<ClusterDescription> DescribeAsync() => await grains.GetGrain<IClusterGrain>(IClusterGrain.Key).Describe();
}

/// <summary>A rebalance.</summary>
/// <param name="After">Only topics after this one, in ordinal order of their names.</param>
/// <param name="Limit">Topics in one page at most.</param>
/// <param name="DryRun">Count what would change, and change nothing.</param>
internal sealed record RebalanceJson(string After = "", int Limit = 1_000, bool DryRun = false);

/// <summary>What a rebalance has changed in one page of topics.</summary>
/// <param name="Topics">The topics of the page.</param>
/// <param name="PartitionsChanged">Partitions that have got another preferred leader.</param>
/// <param name="TopicsFailed">Topics that could not be changed: repeat the request.</param>
/// <param name="Next">The last topic of the page, if there are more.</param>
internal sealed record RebalancedJson(int Topics, int PartitionsChanged, int TopicsFailed, string? Next);

/// <summary>An upgrade of the cluster.</summary>
/// <param name="FeatureLevel">The new level; null for the highest that all brokers support.</param>
/// <param name="ValidateOnly">Check, and change nothing.</param>
internal sealed record UpgradeJson(int? FeatureLevel = null, bool ValidateOnly = false);

/// <summary>The feature level before an upgrade of the cluster, and afterwards, or what it would be.</summary>
internal sealed record UpgradedJson(int PreviousFeatureLevel, int FeatureLevel);

/// <summary>The feature levels that a broker supports.</summary>
internal sealed record FeatureLevelsJson(int Lowest, int Highest);

/// <summary>
/// A broker. Host and port are those of its HTTP API; absent until it serves. The feature level is that of the cluster; the levels that the broker
/// supports are absent for a version from before there were levels.
/// </summary>
internal sealed record BrokerJson(
    string ClusterId, int BrokerId, long Epoch, string State, string? Rack, string? Host, int? Port, string Silo, string Version, long StartedAt,
    int FeatureLevel, FeatureLevelsJson? FeatureLevels)
{
    public static BrokerJson Of(ClusterDescription cluster, BrokerDescription broker)
    {
        var http = Uri.TryCreate(broker.Http, UriKind.Absolute, out var parsed) ? parsed : null;
        var state = broker.State switch
        {
            BrokerState.Starting => "starting",
            BrokerState.Running => "running",
            BrokerState.Stopped => "stopped",
            _ => "dead",
        };
        return new BrokerJson(
            cluster.ClusterId ?? "", broker.Id, broker.Epoch, state, broker.Rack, http?.Host, http?.Port, broker.Silo, broker.Version,
            broker.StartedAt.Milliseconds, cluster.FeatureLevel,
            broker.Features is { } features ? new FeatureLevelsJson(features.Lowest, features.Highest) : null);
    }
}
