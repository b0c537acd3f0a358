using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Activations;
using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>A constructor parameter of a grain class that asks for a state.</summary>
internal sealed class PersistentStateParameter
{
    private readonly string _stateName;
    private readonly string? _storageName;
    private readonly Func<string, Activation, IGrainStorage, object> _create;

    public PersistentStateParameter(ParameterInfo parameter)
    {
        ParameterType = parameter.ParameterType;
        if (!ParameterType.IsGenericType || ParameterType.GetGenericTypeDefinition() != typeof(IPersistentState<>))
        {
            var where = $"{parameter.Name} of {parameter.Member.DeclaringType}";
            throw new ArgumentException($"{where} has a PersistentState attribute, so it must be an IPersistentState<T>.");
        }

        var attribute = parameter.GetCustomAttribute<PersistentStateAttribute>()!;
        _stateName = string.IsNullOrEmpty(attribute.StateName) ? parameter.Name! : attribute.StateName;
        _storageName = attribute.StorageName;
        _create = typeof(PersistentStateParameter)
            .GetMethod(nameof(CreateState), BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(ParameterType.GetGenericArguments())
            .CreateDelegate<Func<string, Activation, IGrainStorage, object>>();
    }

    public Type ParameterType { get; }

    public static bool Is(ParameterInfo parameter) => parameter.IsDefined(typeof(PersistentStateAttribute));

    public object Create(Activation activation)
    {
        var services = activation.ActivationServices;
        var storage = string.IsNullOrWhiteSpace(_storageName)
            ? services.GetService<IGrainStorage>() ?? throw new BadProviderConfigException("There is no default storage provider.")
            : services.GetKeyedService<IGrainStorage>(_storageName)
                ?? throw new BadProviderConfigException($"There is no storage provider \"{_storageName}\".");
        return _create(_stateName, activation, storage);
    }

    private static object CreateState<T>(string name, Activation activation, IGrainStorage storage) =>
        new PersistentState<T>(name, activation, storage);
}
