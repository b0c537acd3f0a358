using Orleans.Storage;

namespace Orleans.Configuration;

/// <summary>Options of grain storage in memory.</summary>
public class MemoryGrainStorageOptions : IStorageProviderSerializerOptions
{
    /// <summary>How states are copied: written ones are kept as bytes.</summary>
    public IGrainStorageSerializer GrainStorageSerializer { get; set; } = null!;
}
