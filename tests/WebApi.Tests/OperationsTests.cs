using System.CodeDom.Compiler;
using System.Net;
using System.Reflection;
using System.Text.Json;
using Loire.Grains.Interfaces.Brokers;
using Loire.WebApi.Operations;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Loire.WebApi.Tests;

public sealed class OperationsTests
{
    [Fact]
    public async Task The_OpenAPI_document_describes_every_route()
    {
        await using var host = await ApiHost.StartAsync();
        var document = (await host.GetAsync("/openapi/v1.json")).Json;
        var lines = new List<string>();
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                Assert.False(string.IsNullOrEmpty(operation.Value.GetProperty("summary").GetString()), path.Name);
                var parameters = operation.Value.TryGetProperty("parameters", out var listed) ? [.. listed.EnumerateArray()] : Array.Empty<JsonElement>();
                Assert.All(parameters, parameter => Assert.False(string.IsNullOrEmpty(parameter.GetProperty("description").GetString())));
                Assert.Equal(path.Name.Count(c => c == '{'), parameters.Count(parameter => parameter.GetProperty("in").GetString() == "path"));
                var body = operation.Value.TryGetProperty("requestBody", out var request)
                    ? " takes " + string.Join(' ', request.GetProperty("content").EnumerateObject().Select(type => type.Name))
                    : "";
                var answers = operation.Value.GetProperty("responses").EnumerateObject().Select(answer => answer.Name
                    + (answer.Value.TryGetProperty("content", out var content) ? ":" + string.Join('|', content.EnumerateObject().Select(type => type.Name)) : ""));
                lines.Add($"{operation.Name.ToUpperInvariant()} {path.Name} {operation.Value.GetProperty("operationId").GetString()} ({string.Join(' ', parameters.Select(p => p.GetProperty("name").GetString()))}){body} answers {string.Join(' ', answers)}");
            }
        }

        Golden.Check("openapi.txt", string.Join('\n', lines) + "\n");
        var mapped = host.Services.GetRequiredService<EndpointDataSource>().Endpoints.Count;
        Assert.Equal(mapped - 1, lines.Count);
    }

    [Fact]
    public async Task Every_typed_handler_is_bound_by_generated_code()
    {
        await using var host = await ApiHost.StartAsync();
        var endpoints = host.Services.GetRequiredService<EndpointDataSource>().Endpoints;
        var typed = endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<MethodInfo>() is { DeclaringType.Namespace: { } place } handler
            && place.StartsWith("Loire.", StringComparison.Ordinal)
            && handler.GetParameters() is not [{ ParameterType.Name: nameof(HttpContext) }]).ToArray();
        Assert.NotEmpty(typed);
        Assert.All(typed, endpoint => Assert.Contains(
            "RequestDelegateGenerator", endpoint.Metadata.GetMetadata<GeneratedCodeAttribute>()?.Tool ?? endpoint.DisplayName!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Alive_and_ready_are_two_questions()
    {
        var state = HealthStatus.Healthy;
        await using var host = await ApiHost.StartAsync(services: services =>
            services.AddHealthChecks().AddCheck("store", () => new HealthCheckResult(state, state == HealthStatus.Healthy ? null : "The disk is gone.")));
        Assert.Equal("""{"status":"ready","checks":{"store":{"status":"ready"}}}""", (await host.GetAsync("/readyz")).Text);
        state = HealthStatus.Degraded;
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/readyz")).Status);
        state = HealthStatus.Unhealthy;
        var answer = await host.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Equal("""{"status":"unhealthy","checks":{"store":{"status":"unhealthy","detail":"The disk is gone."}}}""", answer.Text);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/healthz")).Status);
    }

    [Fact]
    public async Task The_APIs_of_Kafkas_protocol_are_those_of_the_hosts_endpoint_or_none()
    {
        await using var without = await ApiHost.StartAsync();
        Assert.Equal("[]", (await without.GetAsync("/v1/kafka/apis")).Text);
        await using var host = await ApiHost.StartAsync(services: services => services.AddSingleton(new KafkaApiList([new KafkaApiJson(0, "Produce", 3, 13)])));
        Assert.Equal("""[{"api_key":0,"name":"Produce","min_version":3,"max_version":13}]""", (await host.GetAsync("/v1/kafka/apis")).Text);
    }

    [Fact]
    public async Task Any_node_lists_the_brokers_of_the_cluster_and_shows_each()
    {
        await using var host = await ApiHost.StartAsync();
        var one = host.Cluster.Description.Brokers[0];
        host.Cluster.Description = new ClusterDescription(
            "c", [one with { Rack = "a" }, one with { Id = 3, State = BrokerState.Dead, Http = null, Features = null }, one with { Id = 4, State = BrokerState.Starting }],
            FeatureLevel: 1);
        const string First =
            """
            {"cluster_id":"c","broker_id":0,"epoch":1,"state":"running","rack":"a","host":"127.0.0.1","port":8080,"silo":"S127.0.0.1:11111:1","version":"1.0.0","started_at":1767225600000,"feature_level":1,"feature_levels":{"lowest":0,"highest":1}}
            """;
        var list = await host.GetAsync("/v1/brokers");
        Assert.Equal(First, list.Json[0].GetRawText());
        Assert.Equal(["running", "dead", "starting"], list.Json.EnumerateArray().Select(broker => broker.GetProperty("state").GetString()));
        Assert.Equal(First, (await host.GetAsync("/v1/brokers/0")).Text);
        var other = (await host.GetAsync("/v1/brokers/3")).Json;
        Assert.Equal(
            (JsonValueKind.Null, JsonValueKind.Null, 1),
            (other.GetProperty("host").ValueKind, other.GetProperty("feature_levels").ValueKind, other.GetProperty("feature_level").GetInt32()));
        var unknown = await host.GetAsync("/v1/brokers/7");
        Assert.Equal((HttpStatusCode.NotFound, "BROKER_ID_NOT_REGISTERED"), (unknown.Status, unknown.Json.GetProperty("code").GetString()));
        Assert.Equal(HttpStatusCode.BadRequest, (await host.GetAsync("/v1/brokers/x")).Status);
        Assert.Equal("""{"brokers":[0]}""", (await host.GetAsync("/brokers")).Text);
    }

    [Fact]
    public async Task A_broker_that_has_ended_is_removed_and_one_that_lives_is_not()
    {
        await using var host = await ApiHost.StartAsync();
        var one = host.Cluster.Description.Brokers[0];
        host.Cluster.Description = host.Cluster.Description with { Brokers = [one, one with { Id = 3, State = BrokerState.Dead }] };
        var living = await host.SendAsync(HttpMethod.Delete, "/v1/brokers/0", null, null);
        Assert.Equal((HttpStatusCode.Conflict, "POLICY_VIOLATION"), (living.Status, living.Json.GetProperty("code").GetString()));
        Assert.Equal(HttpStatusCode.NoContent, (await host.SendAsync(HttpMethod.Delete, "/v1/brokers/3", null, null)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/v1/brokers/3")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.SendAsync(HttpMethod.Delete, "/v1/brokers/3", null, null)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.SendAsync(HttpMethod.Delete, "/v1/brokers/x", null, null)).Status);
    }

    [Fact]
    public async Task Leaders_are_spread_only_once_topics_have_preferred_ones()
    {
        await using var host = await ApiHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/v1/brokers:rebalance", "application/json", "{}")).Status);
        host.Cluster.Description = host.Cluster.Description with { FeatureLevel = 0 };
        var refused = await host.PostAsync("/v1/brokers:rebalance", "application/json", "{}");
        Assert.Equal((HttpStatusCode.Conflict, "UNSUPPORTED_VERSION"), (refused.Status, refused.Json.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task The_feature_level_is_raised_and_the_answer_says_from_which()
    {
        const string Path = "/v1/brokers:upgrade";
        await using var host = await ApiHost.StartAsync();
        host.Cluster.Description = host.Cluster.Description with { FeatureLevel = 0 };
        var checkedOnly = await host.PostAsync(Path, "application/json", """{"validate_only":true}""");
        Assert.Equal(("""{"previous_feature_level":0,"feature_level":1}""", 0), (checkedOnly.Text, host.Cluster.Description.FeatureLevel));
        Assert.Equal(checkedOnly.Text, (await host.SendAsync(HttpMethod.Post, Path, null, null)).Text);
        Assert.Equal(1, host.Cluster.Description.FeatureLevel);
        Assert.Equal("""{"previous_feature_level":1,"feature_level":1}""", (await host.PostAsync(Path, "application/json", """{"feature_level":1}""")).Text);

        var lower = await host.PostAsync(Path, "application/json", """{"feature_level":0}""");
        Assert.Equal(
            (HttpStatusCode.Conflict, "INVALID_UPDATE_VERSION", "It is not raised."),
            (lower.Status, lower.Json.GetProperty("code").GetString(), lower.Json.GetProperty("detail").GetString()));
        Assert.Equal(HttpStatusCode.BadRequest, (await host.PostAsync(Path, "application/json", """{"feature_level":-1}""")).Status);
        host.Cluster.Description = host.Cluster.Description with { Brokers = [host.Cluster.Description.Brokers[0] with { Features = null }] };
        var unknown = await host.PostAsync(Path, "application/json", "{}");
        Assert.Equal((HttpStatusCode.Conflict, "FEATURE_UPDATE_FAILED"), (unknown.Status, unknown.Json.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task A_registry_that_cannot_be_read_is_a_problem_with_its_reason()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.Description = new ClusterDescription(null, [], "The object root/brokers of the store is damaged.");
        foreach (var path in new[] { "/v1/brokers", "/v1/brokers/0" })
        {
            var answer = await host.GetAsync(path);
            Assert.Equal(
                (HttpStatusCode.ServiceUnavailable, "KAFKA_STORAGE_ERROR", "The object root/brokers of the store is damaged."),
                (answer.Status, answer.Json.GetProperty("code").GetString(), answer.Json.GetProperty("detail").GetString()));
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.SendAsync(HttpMethod.Delete, "/v1/brokers/0", null, null)).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.SendAsync(HttpMethod.Post, "/v1/brokers:upgrade", null, null)).Status);
    }

    [Fact]
    public async Task Bounds_that_make_no_sense_stop_the_host_before_it_starts()
    {
        var exception = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => ApiHost.StartAsync(options => options.BatchBytes = 1));
        Assert.Contains("BatchBytes", exception.Message, StringComparison.Ordinal);
    }
}
