using System.Reflection;
using System.Reflection.Emit;

namespace Orleans.Calls;

/// <summary>Writes the class that holds the arguments of one method; see <see cref="ProxyCompiler"/>.</summary>
internal static class CallCompiler
{
    public const string MethodField = "Method";

    private const MethodAttributes Override =
        MethodAttributes.Public | MethodAttributes.Virtual | MethodAttributes.Final | MethodAttributes.HideBySig;

    public static ConstructorInfo DefineCall(TypeBuilder call, MethodShape shape)
    {
        var method = call.DefineField(MethodField, typeof(GrainMethod), FieldAttributes.Public | FieldAttributes.Static);
        var arguments = shape.Parameters.Select((type, i) => call.DefineField($"a{i}", type, FieldAttributes.Private)).ToArray();
        DefineInvoke(call, shape, arguments);
        if (Array.Find(arguments, argument => argument.FieldType == typeof(CancellationToken)) is { } token)
        {
            DefineToken(call, token);
        }

        return DefineConstructor(call, shape, method, arguments);
    }

    private static ConstructorBuilder DefineConstructor(TypeBuilder call, MethodShape shape, FieldInfo method, FieldBuilder[] arguments)
    {
        var constructor = call.DefineConstructor(MethodAttributes.Public, CallingConventions.HasThis, shape.Parameters);
        var il = constructor.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldsfld, method);
        il.Emit(OpCodes.Call, shape.CallType.GetConstructor(BindingFlags.NonPublic | BindingFlags.Instance, [typeof(GrainMethod)])!);
        for (var i = 0; i < arguments.Length; i++)
        {
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldarg, (short)(i + 1));
            il.Emit(OpCodes.Stfld, arguments[i]);
        }

        il.Emit(OpCodes.Ret);
        return constructor;
    }

    private static void DefineInvoke(TypeBuilder call, MethodShape shape, FieldBuilder[] arguments)
    {
        var overridden = shape.CallType.GetMethod(nameof(Call<int>.Invoke))!;
        var il = call.DefineMethod(overridden.Name, Override, overridden.ReturnType, [typeof(object)]).GetILGenerator();
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Castclass, shape.Method.DeclaringType!);
        foreach (var argument in arguments)
        {
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldfld, argument);
        }

        il.Emit(OpCodes.Callvirt, shape.Method);
        il.Emit(OpCodes.Call, shape.Returned);
        il.Emit(OpCodes.Ret);
    }

    private static void DefineToken(TypeBuilder call, FieldInfo token)
    {
        var get = call.DefineMethod($"get_{nameof(Call.Token)}", Override, typeof(CancellationToken), Type.EmptyTypes).GetILGenerator();
        get.Emit(OpCodes.Ldarg_0);
        get.Emit(OpCodes.Ldfld, token);
        get.Emit(OpCodes.Ret);

        var set = call.DefineMethod($"set_{nameof(Call.Token)}", Override, typeof(void), [typeof(CancellationToken)]).GetILGenerator();
        set.Emit(OpCodes.Ldarg_0);
        set.Emit(OpCodes.Ldarg_1);
        set.Emit(OpCodes.Stfld, token);
        set.Emit(OpCodes.Ret);
    }
}
