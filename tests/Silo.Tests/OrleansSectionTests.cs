using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Loire.Silo.Tests;

public sealed class OrleansSectionTests
{
    private const string Redis = "Orleans:Clustering:ProviderType=Redis Orleans:Clustering:ConnectionString=localhost:6379";
    private const string Blobs = "Orleans:GrainStorage:loire:ProviderType=AzureBlobStorage Orleans:GrainStorage:loire:ServiceKey=blobs";
    private const string Connection = "ConnectionStrings:blobs=UseDevelopmentStorage=true";

    [Fact]
    public void Section_sets_what_the_options_of_a_node_set()
    {
        var options = Bind(
            $"{Redis} {Blobs} {Connection} Orleans:ClusterId=c Orleans:ServiceId=s Orleans:Endpoints:SiloPort=1 Orleans:Endpoints:GatewayPort=2 "
                + "Orleans:Endpoints:AdvertisedIPAddress=127.0.0.2 Orleans:EnableDistributedTracing=true Orleans:GrainStorage:loire:ContainerName=abc");
        Assert.Equal((ClusteringKind.Redis, "localhost:6379", "c", "s"), (options.Clustering, options.ClusteringConnection, options.ClusterId, options.ServiceId));
        Assert.Equal((1, 2, IPAddress.Parse("127.0.0.2")), (options.SiloPort, options.GatewayPort, options.SiloAddress));
        Assert.Equal((StoreKind.Azure, "UseDevelopmentStorage=true", "abc"), (options.Storage, options.AzureConnection, options.AzureContainer));
        Assert.True(options.PropagateTraces);
    }

    [Theory]
    [InlineData("AzureTableStorage", ClusteringKind.Azure, "UseDevelopmentStorage=true")]
    [InlineData("AdoNet", ClusteringKind.Postgres, "Host=db")]
    [InlineData("PostgresDatabase", ClusteringKind.Postgres, "Host=db")]
    [InlineData("Redis", ClusteringKind.Redis, "redis:6379")]
    public void Each_membership_table_has_the_names_of_its_provider_and_of_its_resource(string provider, ClusteringKind expected, string connection)
    {
        var options = Bind(
            $"Orleans:Clustering:ProviderType={provider} Orleans:Clustering:ServiceKey=table ConnectionStrings:table={connection} {Blobs} {Connection}");
        Assert.Equal((expected, connection), (options.Clustering, options.ClusteringConnection));
    }

    [Theory]
    [InlineData(Redis, "", "The nodes of a cluster share one store, and the store file is that of one node: partitions could not move to another. Set --storage azure.")]
    [InlineData(
        "Orleans:Endpoints:AdvertisedIPAddress=10.0.0.1", "",
        "10.0.0.1 can be reached from other machines, and anyone who reaches a silo can call every grain. Set --tls-cert, --tls-key and --tls-ca, or say --insecure-silo if that is meant.")]
    [InlineData("Orleans:Endpoints:SiloPort=x", "", "The setting Orleans:Endpoints:SiloPort must be a whole number from 0 to 65535.")]
    [InlineData("Orleans:Clustering:ProviderType=Development", "", "The setting Orleans:Clustering:ProviderType must be AzureTableStorage, AdoNet or Redis; without clustering, leave it out.")]
    [InlineData(
        "Orleans:Clustering:ProviderType=AdoNet Orleans:Clustering:Invariant=MySql.Data.MySqlClient", "",
        "The setting Orleans:Clustering:Invariant must be Npgsql: of the databases of ADO.NET, a node takes PostgreSQL.")]
    [InlineData(
        "Orleans:Clustering:ProviderType=Redis Orleans:Clustering:ServiceKey=r", "",
        "The setting Orleans:Clustering:ServiceKey names the connection string r, which is not among ConnectionStrings.")]
    [InlineData("Orleans:GrainStorage:loire:ProviderType=Memory", "", "The setting Orleans:GrainStorage:loire:ProviderType must be AzureBlobStorage.")]
    [InlineData("Orleans:Reminders:ProviderType=Memory", "", "The setting Orleans:Reminders:ProviderType has no meaning for a node.")]
    [InlineData(Redis, "clustering=azure", "The setting Orleans:Clustering:ProviderType and the option --clustering contradict each other: keep one of them.")]
    [InlineData("Orleans:ClusterId=a", "cluster-id=b", "The setting Orleans:ClusterId and the option --cluster-id contradict each other: keep one of them.")]
    public void Section_passes_the_checks_of_the_options_and_contradicts_none(string section, string argument, string problem) =>
        Assert.Equal(problem, Assert.Throws<OptionsValidationException>(() => Bind(section, argument)).Message);

    [Fact]
    public void Option_that_says_the_same_is_no_contradiction() => Assert.Equal("a", Bind("Orleans:ClusterId=a", "cluster-id=a").ClusterId);

    [Fact]
    public void Host_with_a_node_inside_begins_with_its_own_section_and_may_use_the_rest_of_it()
    {
        NodeOptions? seen = null;
        Host("Orleans:ClusterId=a Orleans:Endpoints:GatewayPort=5 Orleans:Messaging:ResponseTimeout=00:00:20").AddLoireNode(node => seen = node);
        Assert.Equal(("a", 5), (seen!.ClusterId, seen.GatewayPort));
    }

    [Fact]
    public void Host_whose_code_contradicts_its_section_is_refused() => Assert.Equal(
        "The setting Orleans:ClusterId and NodeOptions.ClusterId contradict each other: keep one of them.",
        Assert.Throws<OptionsValidationException>(() => Host("Orleans:ClusterId=a").AddLoireNode(node => node.ClusterId = "b")).Message);

    private static HostApplicationBuilder Host(string section)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(Entries(section));
        return builder;
    }

    private static NodeOptions Bind(string section, string argument = "") => NodeConfiguration.Bind(
        Entries(argument).ToDictionary(entry => entry.Key, entry => entry.Value!), _ => null, "no such file",
        new ConfigurationBuilder().AddInMemoryCollection(Entries(section)).Build());

    private static IEnumerable<KeyValuePair<string, string?>> Entries(string text) =>
        from entry in text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        let split = entry.IndexOf('=', StringComparison.Ordinal)
        select KeyValuePair.Create(entry[..split], (string?)entry[(split + 1)..]);
}
