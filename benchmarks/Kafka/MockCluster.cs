using System.Runtime.InteropServices;

namespace Loire.Kafka.Benchmarks;

/// <summary>
/// librdkafka's own mock of a broker, which keeps a little of what it is sent in memory, on a port of this machine. It is made by hand instead of by
/// <c>test.mock.num.brokers</c>, because its topics have four partitions otherwise.
/// </summary>
internal sealed partial class MockCluster : IDisposable
{
    private const string Library = "librdkafka";
    private const int Producer = 0;

    private readonly nint _client;
    private readonly nint _cluster;

    // As Confluent.Kafka does: the build for other distributions needs no library for SASL.
    static MockCluster() => NativeLibrary.SetDllImportResolver(typeof(MockCluster).Assembly, static (name, assembly, _) =>
        name == Library && !NativeLibrary.TryLoad(name, assembly, null, out var loaded) && NativeLibrary.TryLoad("centos8-" + name, assembly, null, out loaded) ? loaded : 0);

    public MockCluster()
    {
        var error = new byte[512];
        _client = New(Producer, NewConf(), error, (nuint)error.Length);
        _cluster = _client == 0 ? 0 : NewCluster(_client, 1);
        if (_cluster == 0)
        {
            throw new InvalidOperationException("librdkafka's mock cluster does not start.");
        }
    }

    public string Bootstrap => Marshal.PtrToStringUTF8(Bootstraps(_cluster))!;

    public void CreateTopic(string name, int partitions)
    {
        if (CreateTopic(_cluster, name, partitions, 1) != 0)
        {
            throw new InvalidOperationException($"The mock does not create {name}.");
        }
    }

    public void Dispose()
    {
        DestroyCluster(_cluster);
        Destroy(_client);
    }

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    private static partial nint NewConf();

    [LibraryImport(Library, EntryPoint = "rd_kafka_new")]
    private static partial nint New(int type, nint conf, byte[] error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_destroy")]
    private static partial void Destroy(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_new")]
    private static partial nint NewCluster(nint client, int brokers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_destroy")]
    private static partial void DestroyCluster(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    private static partial nint Bootstraps(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_topic_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateTopic(nint cluster, string name, int partitions, int replication);
}
