using System.Reflection;
using Loire.Grains.Interfaces.Topics;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Serializers;

namespace Loire.Grains.Tests;

/// <summary>
/// What the compiler's Orleans analyzers do not check of grain contracts: the types that calls carry, by the serializer itself.
/// </summary>
public sealed class ContractTests : IDisposable
{
    private readonly ServiceProvider _serializer = new ServiceCollection()
        .AddSerializer(serializer => serializer.AddAssembly(typeof(ITopicGrain).Assembly))
        .BuildServiceProvider();

    public void Dispose() => _serializer.Dispose();

    [Fact]
    public void Every_argument_and_result_of_a_grain_call_can_be_serialized()
    {
        var codecs = _serializer.GetRequiredService<ICodecProvider>();
        Assert.All(CarriedTypes(), type => codecs.GetCodec(type));
    }

    [Fact]
    public void Every_argument_and_result_of_a_grain_call_is_immutable_so_that_it_is_not_copied_within_a_silo()
    {
        var copiers = _serializer.GetRequiredService<IDeepCopierProvider>();
        Assert.All(CarriedTypes(), type =>
        {
            var copier = copiers.GetDeepCopier(type.IsArray ? type.GetElementType()! : type);
            Assert.True(copier is IOptionalDeepCopier optional && optional.IsShallowCopyable(), $"{type} is copied by {copier}.");
        });
    }

    private static List<Type> CarriedTypes()
    {
        var methods = typeof(ITopicGrain).Assembly.GetTypes()
            .Where(type => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type))
            .SelectMany(type => type.GetMethods());
        var types = methods
            .SelectMany(method => method.GetParameters().Select(parameter => parameter.ParameterType).Concat(ResultOf(method)))
            .Where(type => type != typeof(CancellationToken))
            .Distinct()
            .ToList();
        Assert.NotEmpty(types);
        return types;
    }

    private static Type[] ResultOf(MethodInfo method) => method.ReturnType.GetGenericArguments();
}
