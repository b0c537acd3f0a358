using Loire.Model.Tests.Clients;

namespace Loire.Kafka.Clients.Tests;

/// <summary>Clients that Debian ships: kcat and confluent-kafka-python on an older librdkafka, and kafka-python with the oldest versions of most requests.</summary>
public sealed class DebianTests(KafkaNode node) : IClassFixture<KafkaNode>
{
    [NeedsTheory(Needed.Kcat)]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public void Kcat_writes_with_each_codec_and_reads_back_headers_and_offsets(string codec)
    {
        var (topic, file) = ($"kcat-{codec}", Path.GetTempFileName());
        File.WriteAllLines(file, Enumerable.Range(0, 300).Select(i => $"value {i}"));
        Installed.Output("kcat", "-b", node.Bootstrap, "-P", "-t", topic, "-z", codec, "-H", "a=b", "-l", file);
        File.Delete(file);
        var lines = Installed.Output("kcat", "-b", node.Bootstrap, "-C", "-q", "-t", topic, "-o", "beginning", "-e", "-X", "check.crcs=true", "-f", "%o %h %s\n");
        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"{i} a=b value {i}"), lines.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("offset 300", Installed.Output("kcat", "-b", node.Bootstrap, "-Q", "-t", $"{topic}:0:-1"), StringComparison.Ordinal);
    }

    [NeedsTheory(Needed.KafkaPython)]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    public void Kafka_python_writes_reads_as_a_group_and_commits(string codec) => Assert.Equal("200 200 200", Installed.Output(
        Installed.Python, Path.Combine(AppContext.BaseDirectory, "kafka_python.py"), node.Bootstrap, "codec", codec).Trim());

    [NeedsTheory(Needed.ConfluentPython)]
    [InlineData("codec none", "200 200 0 200")]
    [InlineData("codec gzip", "200 200 0 200")]
    [InlineData("codec snappy", "200 200 0 200")]
    [InlineData("codec lz4", "200 200 0 200")]
    [InlineData("codec zstd", "200 200 0 200")]
    [InlineData("group range", "100 4")]
    [InlineData("group roundrobin", "100 4")]
    [InlineData("group cooperative-sticky", "100 4")]
    [InlineData("seek", "7 8 9 4 5 6 7 8 9")]
    [InlineData("transaction", "-1001 10 10 20")]
    [InlineData("admin", "TOPIC_ALREADY_EXISTS range")]
    public void Confluent_kafka_python_does_what_it_does_with_a_broker_of_Kafka(string scenario, string seen) => Assert.Equal(seen, Installed.Output(
        Installed.Python, [Path.Combine(AppContext.BaseDirectory, "confluent_python.py"), node.Bootstrap, .. scenario.Split(' ')]).Trim());
}
