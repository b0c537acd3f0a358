using System.Reflection;
using Orleans.Concurrency;

namespace Loire.TestKit.Contracts;

/// <summary>
/// Finds what is wrong with the grain contracts of an assembly: its grain interfaces and every type that their calls carry. A runtime that
/// passes arguments by reference would not notice a type that cannot be serialized, or that means something else to another version; this
/// does.
/// </summary>
public static class GrainContracts
{
    /// <summary>One sentence for each fault; none if the contracts are in order.</summary>
    public static IReadOnlyList<string> FaultsOf(Assembly assembly)
    {
        List<string> faults = [];
        var types = new CarriedTypes(faults);
        foreach (var grainInterface in assembly.GetTypes().Where(IsGrainInterface).OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            types.CheckAlias(grainInterface);
            Dictionary<string, MethodInfo> byAlias = [];
            foreach (var method in Methods(grainInterface))
            {
                CheckMethod(method, types, faults);
                if (Alias(method) is { } alias && !byAlias.TryAdd(alias, method))
                {
                    faults.Add($"{grainInterface}: {method.Name} and {byAlias[alias].Name} have the same alias, {alias}.");
                }
            }

            var properties = grainInterface.GetProperties();
            faults.AddRange(properties.Select(property => $"{grainInterface}.{property.Name} is a property; a grain has only methods."));
        }

        return faults;
    }

    internal static string? Alias(MemberInfo member) => member.GetCustomAttribute<AliasAttribute>()?.Alias;

    private static bool IsGrainInterface(Type type) => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type);

    private static IEnumerable<MethodInfo> Methods(Type grainInterface) =>
        grainInterface.GetInterfaces().Append(grainInterface)
            .SelectMany(type => type.GetMethods())
            .Where(method => method is { IsAbstract: true, IsSpecialName: false });

    private static void CheckMethod(MethodInfo method, CarriedTypes types, List<string> faults)
    {
        var name = $"{method.DeclaringType}.{method.Name}";
        if (Alias(method) is null)
        {
            faults.Add($"{name} has no [Alias].");
        }

        if (method.IsGenericMethod)
        {
            faults.Add($"{name} is generic.");
        }

        var result = method.ReturnType;
        var definition = result.IsGenericType ? result.GetGenericTypeDefinition() : result;
        if (definition == typeof(Task<>) || definition == typeof(ValueTask<>))
        {
            types.Check(result.GetGenericArguments()[0], $"the result of {name}");
            if (method.IsDefined(typeof(OneWayAttribute)))
            {
                faults.Add($"{name} is one-way, so its result never comes.");
            }
        }
        else if (definition != typeof(Task) && definition != typeof(ValueTask))
        {
            faults.Add($"{name} returns {result}; a grain method returns a Task, a ValueTask, or one of them with a result.");
        }

        var parameters = method.GetParameters();
        if (parameters.Count(parameter => parameter.ParameterType == typeof(CancellationToken)) > 1)
        {
            faults.Add($"{name} has more than one CancellationToken.");
        }

        foreach (var parameter in parameters.Where(parameter => parameter.ParameterType != typeof(CancellationToken)))
        {
            types.Check(parameter.ParameterType, $"{parameter.Name} of {name}");
        }
    }
}
