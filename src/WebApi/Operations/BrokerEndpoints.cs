using System.Globalization;
using Loire.Grains.Interfaces.Brokers;
using Loire.WebApi.Errors;
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
        routes.MapGet("/brokers", ListAsync).Describe("listBrokers", "Lists the brokers of the cluster");
        routes.MapGet("/brokers/{broker}", GetAsync).Describe("getBroker", "Shows a broker").Fails(400, 404);
    }

    private async Task<Ok<BrokerJson[]>> ListAsync()
    {
        var cluster = await DescribeAsync();
        return TypedResults.Ok<BrokerJson[]>([.. cluster.Brokers.Select(broker => BrokerJson.Of(cluster, broker))]);
    }

    private async Task<Results<Ok<BrokerJson>, ApiProblem>> GetAsync(int broker)
    {
        var cluster = await DescribeAsync();
        return cluster.Brokers.FirstOrDefault(known => known.Id == broker) is { } found
            ? TypedResults.Ok(BrokerJson.Of(cluster, found))
            : new ApiProblem(
                ErrorCode.BrokerIdNotRegistered, string.Create(CultureInfo.InvariantCulture, $"Broker {broker} has never been part of the cluster."));
    }

    private async Task<ClusterDescription> DescribeAsync() => await grains.GetGrain<IClusterGrain>(IClusterGrain.Key).Describe();
}

/// <summary>A broker. Host and port are those of its HTTP API; absent until it serves.</summary>
internal sealed record BrokerJson(
    string ClusterId, int BrokerId, long Epoch, string State, string? Rack, string? Host, int? Port, string Silo, string Version, long StartedAt)
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
            broker.StartedAt.Milliseconds);
    }
}
