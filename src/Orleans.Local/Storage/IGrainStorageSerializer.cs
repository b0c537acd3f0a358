using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Orleans.Storage;

/// <summary>Turns the state of a grain into the bytes that a storage provider keeps, and back.</summary>
public interface IGrainStorageSerializer
{
    /// <summary>The bytes of <paramref name="input"/>.</summary>
    BinaryData Serialize<T>(T input);

    /// <summary>The state that <see cref="Serialize{T}"/> made into <paramref name="input"/>.</summary>
    T Deserialize<T>(BinaryData input);
}

/// <summary>The options of a storage provider whose serializer can be chosen.</summary>
public interface IStorageProviderSerializerOptions
{
    /// <summary>The serializer that the provider uses.</summary>
    IGrainStorageSerializer GrainStorageSerializer { get; set; }
}

/// <summary>
/// Gives a provider whose options name no serializer the one registered under the provider's name or, where there is none, the one registered for all.
/// </summary>
public class DefaultStorageProviderSerializerOptionsConfigurator<TOptions>(IServiceProvider serviceProvider) : IPostConfigureOptions<TOptions>
    where TOptions : class, IStorageProviderSerializerOptions
{
    /// <inheritdoc/>
    public void PostConfigure(string? name, TOptions options)
        => options.GrainStorageSerializer ??= serviceProvider.GetKeyedService<IGrainStorageSerializer>(name)
            ?? serviceProvider.GetRequiredService<IGrainStorageSerializer>();
}
