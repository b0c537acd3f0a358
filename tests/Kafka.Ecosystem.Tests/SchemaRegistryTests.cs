using Avro;
using Avro.Generic;
using Confluent.Kafka;
using Confluent.Kafka.SyncOverAsync;
using Confluent.SchemaRegistry;
using Confluent.SchemaRegistry.Serdes;
using Loire.Kafka.Clients.Tests;

namespace Loire.Kafka.Ecosystem.Tests;

/// <summary>Confluent's serdes with a schema registry in memory: the id of the schema is in each record, and the registry has the schema.</summary>
public sealed class SchemaRegistryTests(KafkaNode node) : IClassFixture<KafkaNode>
{
    [Fact]
    public async Task Records_with_Avro_schemas_are_written_and_read()
    {
        await using var registry = await MemoryRegistry.StartAsync();
        using var client = new CachedSchemaRegistryClient(new SchemaRegistryConfig { Url = registry.Url });
        await Topics.CreateAsync(node, "users");
        var schema = (RecordSchema)Avro.Schema.Parse(
            """{"type": "record", "name": "User", "fields": [{"name": "name", "type": "string"}, {"name": "number", "type": "long"}]}""");
        using (var producer = new ProducerBuilder<string, GenericRecord>(new ProducerConfig { BootstrapServers = node.Bootstrap })
            .SetValueSerializer(new AvroSerializer<GenericRecord>(client)).Build())
        {
            for (var i = 0L; i < 10; i++)
            {
                var user = new GenericRecord(schema);
                user.Add("name", $"user {i}");
                user.Add("number", i);
                await producer.ProduceAsync("users", new Message<string, GenericRecord> { Key = $"{i}", Value = user });
            }
        }

        List<string> read = [];
        Topics.Read(node, "users", new AvroDeserializer<GenericRecord>(client).AsSyncOverAsync(), message =>
        {
            read.Add($"{message.Value["name"]} {message.Value["number"]}");
            return read.Count == 10;
        });
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"user {i} {i}"), read.Order());
        Assert.Equal(["users-value"], registry.Subjects);
    }
}
