namespace Orleans.Storage;

/// <summary>Turns a grain's state into bytes and back, for the providers that store bytes.</summary>
public interface IGrainStorageSerializer
{
    /// <summary>The bytes of a value.</summary>
    BinaryData Serialize<T>(T input);

    /// <summary>The value of bytes.</summary>
    T Deserialize<T>(BinaryData input);
}

/// <summary>Options of a provider that stores bytes.</summary>
public interface IStorageProviderSerializerOptions
{
    /// <summary>The serializer.</summary>
    IGrainStorageSerializer GrainStorageSerializer { get; set; }
}
