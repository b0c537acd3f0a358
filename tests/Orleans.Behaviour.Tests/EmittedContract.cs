using System.Reflection;
using System.Reflection.Emit;
using Loire.TestKit.Contracts;
using Orleans.Concurrency;

namespace Orleans.Behaviour.Tests;

/// <summary>
/// Grain contracts that are made while a test runs. Those with faults could not be written down: the official compiler or the start of a
/// silo would refuse them.
/// </summary>
internal sealed class EmittedContract
{
    private readonly AssemblyBuilder _assembly =
        AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Contracts"), AssemblyBuilderAccess.Run);

    private readonly ModuleBuilder _module;

    public EmittedContract() => _module = _assembly.DefineDynamicModule("Contracts");

    public IReadOnlyList<string> Faults => GrainContracts.FaultsOf(_assembly);

    /// <summary>A class with public fields, each with an id unless that is −1.</summary>
    public Type Type(string name, string? alias, (string Name, Type Type, int Id)[] fields, bool serializable = true, bool immutable = true)
    {
        var type = _module.DefineType(name, TypeAttributes.Public | TypeAttributes.Sealed);
        Mark<AliasAttribute>(type.SetCustomAttribute, alias);
        if (serializable)
        {
            Mark<GenerateSerializerAttribute>(type.SetCustomAttribute);
        }

        if (immutable)
        {
            Mark<ImmutableAttribute>(type.SetCustomAttribute);
        }

        foreach (var (fieldName, fieldType, id) in fields)
        {
            var field = type.DefineField(fieldName, fieldType, FieldAttributes.Public);
            if (id >= 0)
            {
                Mark<IdAttribute>(field.SetCustomAttribute, (uint)id);
            }
        }

        return type.CreateType();
    }

    /// <summary>A grain interface.</summary>
    public EmittedContract Interface(string name, string? alias, params EmittedMethod[] methods)
    {
        const TypeAttributes AnInterface = TypeAttributes.Public | TypeAttributes.Interface | TypeAttributes.Abstract;
        var type = _module.DefineType(name, AnInterface, null, [typeof(IGrainWithStringKey)]);
        Mark<AliasAttribute>(type.SetCustomAttribute, alias);
        foreach (var method in methods)
        {
            var builder = type.DefineMethod(
                method.Name, MethodAttributes.Public | MethodAttributes.Abstract | MethodAttributes.Virtual, method.Returns, method.Takes);
            Mark<AliasAttribute>(builder.SetCustomAttribute, method.Alias);
            if (method.IsOneWay)
            {
                Mark<OneWayAttribute>(builder.SetCustomAttribute);
            }
        }

        type.CreateType();
        return this;
    }

    private static void Mark<TAttribute>(Action<CustomAttributeBuilder> mark, params object?[] arguments)
    {
        if (!arguments.Contains(null))
        {
            mark(new CustomAttributeBuilder(typeof(TAttribute).GetConstructors().Single(), arguments));
        }
    }
}

internal sealed record EmittedMethod(string Name, string? Alias, Type Returns, Type[] Takes, bool IsOneWay = false);
