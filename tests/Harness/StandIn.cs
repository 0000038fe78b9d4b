using System.Reflection;

namespace SyncCluster.Harness;

/// <summary>Stands in for an interface: a function answers all its calls.</summary>
public class StandIn : DispatchProxy
{
    private Func<MethodInfo, object?[], object?> _answer = null!;

    /// <summary>Makes one.</summary>
    /// <param name="answer">Returns what a method returns.</param>
    public static T Of<T>(Func<MethodInfo, object?> answer)
        where T : class =>
        Of<T>((method, _) => answer(method));

    /// <summary>Makes one.</summary>
    /// <param name="answer">Returns what a method returns for its arguments.</param>
    public static T Of<T>(Func<MethodInfo, object?[], object?> answer)
        where T : class
    {
        var standIn = Create<T, StandIn>();
        ((StandIn)(object)standIn)._answer = answer;
        return standIn;
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _answer(targetMethod!, args ?? []);
}
