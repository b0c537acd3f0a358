using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Calls;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Activations;

/// <summary>
/// What the runtime knows of a class of grains: its type, its interfaces, how it is made, placed, interleaved and collected.
/// </summary>
internal sealed class GrainClass
{
    private readonly Type _type;
    private readonly ObjectFactory _create;
    private readonly PersistentStateParameter[] _states;
    private readonly TimeSpan? _collectionAge;

    public GrainClass(Type type)
    {
        _type = type;
        GrainType = type.GetCustomAttribute<GrainTypeAttribute>(inherit: false)?.GetGrainType(null!, type) ?? TypeByConvention(type);
        Interfaces = [.. type.GetInterfaces().Where(IsGrainInterface)];
        IsReentrant = type.IsDefined(typeof(ReentrantAttribute), inherit: true);
        Placement = type.GetCustomAttribute<PlacementAttribute>(inherit: true)?.PlacementStrategy.GetType() ?? typeof(RandomPlacement);
        var parameters = type.GetConstructors().SelectMany(constructor => constructor.GetParameters());
        _states = [.. parameters.Where(PersistentStateParameter.Is).Select(parameter => new PersistentStateParameter(parameter))];
        _create = ActivatorUtilities.CreateFactory(type, [.. _states.Select(state => state.ParameterType)]);
        _collectionAge = type.IsDefined(typeof(KeepAliveAttribute), inherit: true)
            ? Timeout.InfiniteTimeSpan
            : type.GetCustomAttribute<CollectionAgeLimitAttribute>(inherit: true) is { } limit
                ? limit.AlwaysActive ? Timeout.InfiniteTimeSpan : limit.AgeLimit
                : null;
    }

    public GrainType GrainType { get; }

    public string Name => _type.Name;

    public string FullName => _type.FullName!;

    public Type[] Interfaces { get; }

    public bool IsReentrant { get; }

    /// <summary>The type of the placement strategy.</summary>
    public Type Placement { get; }

    public static bool IsGrainClass(Type type) =>
        type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false } && type.GetInterfaces().Any(IsGrainInterface);

    public TimeSpan CollectionAge(GrainCollectionOptions options) =>
        _collectionAge ?? (options.ClassSpecificCollectionAge.TryGetValue(FullName, out var age) ? age : options.CollectionAge);

    public object CreateInstance(Activation activation)
    {
        try
        {
            return _create(activation.ActivationServices, [.. _states.Select(state => state.Create(activation))]);
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"A grain of {_type} could not be made: {error.Message}", error);
        }
    }

    public GrainReference CreateReference(GrainId id, Caller host) => Proxies.For(Interfaces[0]).Create(id, host);

    // The key interfaces are abstract ideas: a class has to have an interface of its own to be called.
    private static bool IsGrainInterface(Type type) =>
        typeof(IGrain).IsAssignableFrom(type) && (type.Assembly != typeof(IGrain).Assembly || type == typeof(IManagementGrain));

    private static GrainType TypeByConvention(Type type)
    {
        const string Suffix = "grain";
        var name = type.Name.ToLowerInvariant();
        var hasSuffix = name.Length > Suffix.Length && name.EndsWith(Suffix, StringComparison.Ordinal);
        return GrainType.Create(hasSuffix ? name[..^Suffix.Length] : name);
    }
}
