using Loire.Model.Tests.Clients;

namespace Loire.Kafka.Clients.Tests;

/// <summary>
/// Clients for Node.js that speak the protocol themselves. Each row is a scenario of the client's script in <c>tests/kafka-js</c>, which checks what it gets, and the line that it
/// prints. Left out is what a client lacks on Node 20: @platformatic/kafka has no zstd there.
/// </summary>
public sealed class JavaScriptTests(KafkaNode node) : IClassFixture<KafkaNode>
{
    [NeedsTheory(Needed.KafkaJs)]
    [InlineData("codec none", "0 200")]
    [InlineData("codec gzip", "0 200")]
    [InlineData("codec snappy", "0 200")]
    [InlineData("codec lz4", "0 200")]
    [InlineData("codec zstd", "0 200")]
    [InlineData("group", "100 4")]
    [InlineData("seek", "7 8 9 4 5 6 7 8 9")]
    [InlineData("transaction", "-1 10 10 20")]
    [InlineData("admin", "KafkaJSServerDoesNotSupportApiKey")]
    public void Kafkajs_does_what_it_does_with_a_broker_of_Kafka(string scenario, string seen) => Assert.Equal(seen, Run("kafkajs.js", scenario));

    [NeedsTheory(Needed.KafkaJs)]
    [InlineData("codec none", "0 200")]
    [InlineData("codec gzip", "0 200")]
    [InlineData("codec snappy", "0 200")]
    [InlineData("codec lz4", "0 200")]
    [InlineData("group classic", "100 4")]
    [InlineData("group consumer", "100 4")]
    [InlineData("seek", "7 8 9 4 5 6 7 8 9 10")]
    [InlineData("transaction", "-1 10 10 20")]
    [InlineData("admin", "2,1,2 2,1 PLT_KFK_UNSUPPORTED_API")]
    public void Platformatic_does_what_it_does_with_a_broker_of_Kafka(string scenario, string seen) => Assert.Equal(seen, Run("platformatic.mjs", scenario));

    private string Run(string script, string scenario) =>
        Installed.Output("node", [Path.Combine(Installed.KafkaJsFolder!, script), node.Bootstrap, .. scenario.Split(' ')]).Trim();
}
