using System.Globalization;
using Aspire.Hosting.Orleans;

const int Nodes = 3;
const int BlobPort = 10000;
const int TablePort = 10002;

var builder = DistributedApplication.CreateBuilder(args);

// In production, a resource of Aspire.Hosting.Azure.Storage or a connection string of the AppHost's configuration.
var tests = Path.GetFullPath(Path.Combine(builder.AppHostDirectory, "../../tests/azurite"));
var azurite = builder.AddExecutable(
        "azurite", Path.Combine(tests, "node_modules/.bin/azurite"), tests,
        "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--inMemoryPersistence")
    .WithEndpoint(BlobPort, scheme: "tcp", name: "blob", isProxied: false)
    .WithEndpoint(TablePort, scheme: "tcp", name: "table", isProxied: false);
var storage = builder.AddConnectionString("storage", ReferenceExpression.Create($"UseDevelopmentStorage=true"));

// Becomes the section Orleans of the nodes' and the client's configuration, in environment variables.
var loire = builder.AddOrleans("loire").WithClusterId("loire").WithServiceId("loire")
    .WithClustering(new Provider("AzureTableStorage", storage))
    .WithGrainStorage("loire", new Provider("AzureBlobStorage", storage));

IResourceBuilder<ProjectResource>? last = null;
for (var id = 1; id <= Nodes; id++)
{
    var port = 8079 + id;
    last = builder.AddProject<Projects.Silo>(string.Create(CultureInfo.InvariantCulture, $"node-{id}"))
        .WithReference(loire)
        .WithHttpEndpoint(port, isProxied: false)
        .WithHttpHealthCheck("/readyz")
        .WithArgs("--node-id", $"{id}", "--urls", $"http://127.0.0.1:{port}", "--kafka", $"127.0.0.1:{9091 + id}")
        .WaitFor(azurite);
}

builder.AddProject<Projects.Console>("client").WithReference(loire.AsClient()).WaitFor(last!);
await builder.Build().RunAsync();

/// <summary>A provider of Orleans over a connection string, which has no type of its own from which Aspire could derive the provider's.</summary>
internal sealed class Provider(string type, IResourceBuilder<IResourceWithConnectionString> connection) : IProviderConfiguration
{
    public void ConfigureResource<T>(IResourceBuilder<T> resourceBuilder, string configurationSectionName)
        where T : IResourceWithEnvironment => resourceBuilder
        .WithEnvironment($"Orleans__{configurationSectionName}__ProviderType", type)
        .WithEnvironment($"Orleans__{configurationSectionName}__ConnectionName", connection.Resource.Name)
        .WithReference(connection);
}
