using Loire.Model.Tests.Clients;
using Xunit.Abstractions;

namespace Loire.Kafka.Clients.Tests.Kills;

/// <summary>A node that is killed and started again loses nothing that a client was told is stored, and clients go on by themselves.</summary>
public sealed class KillTests(KillRun run, ITestOutputHelper output) : IClassFixture<KillRun>
{
    [Fact]
    public void Confluent_Kafka_goes_on_and_finds_all_that_was_acknowledged() => Check("confluent");

    [NeedsFact(Needed.Kcat)]
    public void Kcat_goes_on_and_finds_all_that_was_acknowledged() => Check("kcat");

    [NeedsFact(Needed.KafkaPython)]
    public void Kafka_python_goes_on_and_finds_all_that_was_acknowledged() => Check("kafka-python");

    [NeedsFact(Needed.ConfluentPython)]
    public void Confluent_kafka_python_goes_on_and_finds_all_that_was_acknowledged() => Check("confluent-kafka-python");

    [NeedsFact(Needed.KafkaJs)]
    public void Kafkajs_goes_on_and_finds_all_that_was_acknowledged() => Check("kafkajs");

    [NeedsFact(Needed.KafkaJs)]
    public void Platformatic_goes_on_and_finds_all_that_was_acknowledged() => Check("platformatic");

    private void Check(string name)
    {
        var (client, kills, log) = run.Find(name)!;
        var (acknowledged, stored) = (client.Acknowledged.ToArray(), log.ToHashSet());
        output.WriteLine($"{name}: {kills} kills, {acknowledged.Length} acknowledged, {client.Read.Count} read, {log.Count} in the log, of which {log.Count - stored.Count} twice");
        Assert.Null(client.Failure);
        Assert.NotEmpty(acknowledged);
        Assert.Empty(acknowledged.Except(stored));
        Assert.Empty(client.Read.ToArray().Except(stored));
        if (client.IsIdempotent)
        {
            Assert.Equal(stored.Order(), log);
        }
    }
}
