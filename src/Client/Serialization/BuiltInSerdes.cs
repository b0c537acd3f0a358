namespace Loire.Client;

/// <summary>One object per built-in type that is both its serializer and its deserializer.</summary>
internal static class BuiltInSerdes
{
    private static readonly Dictionary<Type, object> Serdes = new()
    {
        [typeof(byte[])] = new ByteArraySerde(),
        [typeof(string)] = new Utf8Serde(),
        [typeof(Null)] = new NullSerde(),
        [typeof(Ignore)] = new IgnoreDeserializer(),
    };

    static BuiltInSerdes()
    {
        Add<ReadOnlyMemory<byte>, MemorySerde>(new MemorySerde());
        Add<int, Int32Serde>(new Int32Serde());
        Add<long, Int64Serde>(new Int64Serde());
        Add<float, SingleSerde>(new SingleSerde());
        Add<double, DoubleSerde>(new DoubleSerde());
        Add<Guid, GuidSerde>(new GuidSerde());
    }

    /// <summary>The built-in serde for exactly this type; null if there is none.</summary>
    public static object? Of(Type type) => Serdes.GetValueOrDefault(type);

    private static void Add<T, TSerde>(TSerde serde)
        where T : struct
        where TSerde : ISerializer<T>, IDeserializer<T>
    {
        Serdes[typeof(T)] = serde;
        Serdes[typeof(T?)] = new NullableSerde<T>(serde, serde);
    }
}
