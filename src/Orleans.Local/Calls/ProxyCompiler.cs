using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Orleans.Runtime;

namespace Orleans.Calls;

/// <summary>
/// Compiles the proxy of a grain interface, and for each of its methods a class of <see cref="Call{T}"/> that holds the arguments and calls
/// the method. For a method
/// <c>ValueTask&lt;int&gt; Add(string what)</c> it writes what this would be in C#:
/// <code>
/// class Add_Call(string a0) : Call&lt;int&gt;(Method)
/// {
///     public static GrainMethod Method;
///     public override ValueTask&lt;int&gt; Invoke(object grain) => Results.Same(((IThing)grain).Add(a0));
/// }
/// class Proxy(GrainId id, Caller host) : GrainReference(id, host), IThing
/// {
///     ValueTask&lt;int&gt; IThing.Add(string a0) => new Add_Call(a0).Send(this);
/// }
/// </code>
/// </summary>
internal static class ProxyCompiler
{
    private static readonly Type[] ReferenceParameters = [typeof(GrainId), typeof(Caller)];

    private static readonly ConstructorInfo ReferenceConstructor =
        typeof(GrainReference).GetConstructor(BindingFlags.NonPublic | BindingFlags.Instance, ReferenceParameters)!;

    public static Type Compile(Type grainInterface)
    {
        if (!grainInterface.IsInterface
            || !typeof(IAddressable).IsAssignableFrom(grainInterface)
            || grainInterface.ContainsGenericParameters)
        {
            throw new ArgumentException($"{grainInterface} is not a grain interface.");
        }

        var methods = Methods(grainInterface);
        var module = DefineModule(grainInterface, methods);
        var proxy = module.DefineType("Proxy", TypeAttributes.Public | TypeAttributes.Sealed, typeof(GrainReference), [grainInterface]);
        DefineConstructor(proxy);
        List<(TypeBuilder Type, MethodInfo Method)> calls = [];
        foreach (var method in methods)
        {
            var shape = new MethodShape(method);
            var call = module.DefineType($"{method.Name}_{calls.Count}", TypeAttributes.Public | TypeAttributes.Sealed, shape.CallType);
            var constructor = CallCompiler.DefineCall(call, shape);
            DefineProxyMethod(proxy, shape, constructor);
            calls.Add((call, method));
        }

        foreach (var (type, method) in calls)
        {
            type.CreateType().GetField(CallCompiler.MethodField)!.SetValue(null, new GrainMethod(method));
        }

        return proxy.CreateType();
    }

    private static List<MethodInfo> Methods(Type grainInterface)
    {
        List<MethodInfo> methods = [];
        foreach (var declaring in grainInterface.GetInterfaces().Append(grainInterface))
        {
            var declared = declaring.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance);
            methods.AddRange(declared.Where(method => method.IsAbstract));
        }

        return methods;
    }

    private static ModuleBuilder DefineModule(Type grainInterface, List<MethodInfo> methods)
    {
        var name = new AssemblyName($"Orleans.Local.Proxies.{grainInterface.Name}.{Guid.NewGuid():N}");
        var assembly = AssemblyBuilder.DefineDynamicAssembly(name, AssemblyBuilderAccess.Run);
        HashSet<Assembly> seen = [typeof(ProxyCompiler).Assembly];
        AddAssemblies(grainInterface, seen);
        foreach (var method in methods)
        {
            AddAssemblies(method.ReturnType, seen);
            foreach (var parameter in method.GetParameters())
            {
                AddAssemblies(parameter.ParameterType, seen);
            }
        }

        var attribute = typeof(IgnoresAccessChecksToAttribute).GetConstructor([typeof(string)])!;
        foreach (var used in seen)
        {
            assembly.SetCustomAttribute(new CustomAttributeBuilder(attribute, [used.GetName().Name!]));
        }

        return assembly.DefineDynamicModule("Proxies");
    }

    private static void AddAssemblies(Type type, HashSet<Assembly> seen)
    {
        seen.Add(type.Assembly);
        foreach (var part in type.HasElementType ? [type.GetElementType()!] : type.GetGenericArguments())
        {
            AddAssemblies(part, seen);
        }
    }

    private static void DefineConstructor(TypeBuilder proxy)
    {
        var il = proxy.DefineConstructor(MethodAttributes.Public, CallingConventions.HasThis, ReferenceParameters).GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Call, ReferenceConstructor);
        il.Emit(OpCodes.Ret);
    }

    private static void DefineProxyMethod(TypeBuilder proxy, MethodShape shape, ConstructorInfo call)
    {
        var method = proxy.DefineMethod(
            $"{shape.Method.DeclaringType!.Name}.{shape.Method.Name}",
            MethodAttributes.Private | MethodAttributes.Virtual | MethodAttributes.Final | MethodAttributes.NewSlot,
            shape.Method.ReturnType,
            shape.Parameters);
        var il = method.GetILGenerator();
        for (var i = 0; i < shape.Parameters.Length; i++)
        {
            il.Emit(OpCodes.Ldarg, (short)(i + 1));
            if (shape.Parameters[i].IsInterface && typeof(IAddressable).IsAssignableFrom(shape.Parameters[i]))
            {
                il.Emit(OpCodes.Call, MethodShape.ToPass.MakeGenericMethod(shape.Parameters[i]));
            }
        }

        il.Emit(OpCodes.Newobj, call);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, shape.Send);
        il.Emit(OpCodes.Ret);
        proxy.DefineMethodOverride(method, shape.Method);
    }
}
