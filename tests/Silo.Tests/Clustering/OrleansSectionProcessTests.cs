using Loire.Storage.Tests.Azurite;

namespace Loire.Silo.Tests.Clustering;

/// <summary>The executable with the variables that Aspire's integration of Orleans sets, and a client with its own.</summary>
public sealed class OrleansSectionProcessTests
{
    [AzuriteFact]
    public async Task Node_and_client_find_each_other_by_Orleans_own_section_alone()
    {
        var azurite = (await AzuriteServer.SharedAsync()).ConnectionString;
        var gateway = ServiceBeside.FreePort();
        await using var node = NodeProcess.Launch([], new Dictionary<string, string>
        {
            ["Orleans__ClusterId"] = "section",
            ["Orleans__ServiceId"] = "shop",
            ["Orleans__EnableDistributedTracing"] = "true",
            ["Orleans__Clustering__ProviderType"] = "AzureTableStorage",
            ["Orleans__Clustering__ServiceKey"] = "tables",
            ["Orleans__GrainStorage__loire__ProviderType"] = "AzureBlobStorage",
            ["Orleans__GrainStorage__loire__ServiceKey"] = "blobs",
            ["Orleans__GrainStorage__loire__ContainerName"] = "loire-section",
            ["Orleans__Endpoints__SiloPort"] = $"{ServiceBeside.FreePort()}",
            ["Orleans__Endpoints__GatewayPort"] = $"{gateway}",
            ["ConnectionStrings__tables"] = azurite,
            ["ConnectionStrings__blobs"] = azurite,
        });
        Assert.True(await node.IsServingAsync(), node.Output);
        await KillTests.CreateTopicAsync(node.Client, "orders", 1);
        var topics = await ServiceBeside.ListTopicsAsync(null, new Dictionary<string, string?>
        {
            ["Orleans:ClusterId"] = "section",
            ["Orleans:ServiceId"] = "shop",
            ["Orleans:Clustering:ProviderType"] = "AzureTableStorage",
            ["Orleans:Clustering:ConnectionName"] = "tables",
            ["ConnectionStrings:tables"] = azurite,
        });
        Assert.Equal("orders", topics);
    }
}
