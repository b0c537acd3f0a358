using System.Reflection;
using Loire.WebApi.Operations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Topics;

/// <summary><c>/v1/brokers</c>. One node is one broker with the id 0; several come with replication.</summary>
internal sealed class BrokerEndpoints(IServer server, IOptions<LoireApiOptions> options)
{
    private static readonly string Version =
        typeof(BrokerEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0] ?? "";

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/brokers", List).Describe("listBrokers", "Lists the brokers of the cluster");

    private Ok<BrokerJson[]> List()
    {
        var address = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        var uri = Uri.TryCreate(address, UriKind.Absolute, out var parsed) ? parsed : null;
        return TypedResults.Ok<BrokerJson[]>([new(options.Value.ClusterId, 0, uri?.Host, uri?.Port, Version)]);
    }
}
