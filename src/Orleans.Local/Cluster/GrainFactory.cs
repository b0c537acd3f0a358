using Orleans.Activations;
using Orleans.Calls;
using Orleans.Runtime;

namespace Orleans.Cluster;

/// <summary>Makes references for the code of one host.</summary>
internal sealed class GrainFactory(Caller host, IServiceProvider services) : IClusterClient
{
    public IServiceProvider ServiceProvider => services;

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey =>
        Get<TGrainInterface>(GrainIdKeyExtensions.CreateGuidKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey =>
        Get<TGrainInterface>(GrainIdKeyExtensions.CreateIntegerKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(primaryKey);
        return Get<TGrainInterface>(IdSpan.Create(primaryKey), grainClassNamePrefix);
    }

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable => (TGrainInterface)(object)Proxies.Of<TGrainInterface>.Proxy.Create(grainId, host);

    private TGrainInterface Get<TGrainInterface>(IdSpan key, string? prefix)
    {
        var grainClass = string.IsNullOrEmpty(prefix) ? ServedBy<TGrainInterface>.Class : GrainClasses.Of(typeof(TGrainInterface), prefix);
        return (TGrainInterface)(object)Proxies.Of<TGrainInterface>.Proxy.Create(new GrainId(grainClass.GrainType, key), host);
    }

    private static class ServedBy<TGrainInterface>
    {
        private static GrainClass? _class;

        // Not in a static constructor, whose failure would be the answer for ever.
        public static GrainClass Class => _class ??= GrainClasses.Of(typeof(TGrainInterface), null);
    }
}
