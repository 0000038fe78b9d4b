using System.Reflection;

namespace SyncCluster.Harness;

/// <summary>
/// The rules of the waiting protocol, and the projects that test each: the grains' and the gateway's on TestingHost, the cluster's on processes that
/// are killed and frozen. A test says by a trait which rule it is for: <c>[Trait(WaitingRules.Trait, "I3")]</c>.
/// </summary>
public static class WaitingRules
{
    /// <summary>The name of the trait.</summary>
    public const string Trait = "Rule";

    private const string Grains = "SyncCluster.Grains.Tests";
    private const string Gateway = "SyncCluster.Gateway.Tests";
    private const string Processes = "SyncCluster.Cluster.Tests";

    private static readonly (string Rule, string Promise, string[] TestedIn)[] All =
    [
        ("I1", "No lost wake-up: subscribe before release, and push an end however it becomes known.", [Grains, Gateway]),
        ("I2", "A job is released at most once.", [Grains, Gateway, Processes]),
        ("I3", "An acknowledged completion is durable.", [Grains, Gateway]),
        ("I4", "A finished job never changes.", [Grains]),
        ("I5", "Every waiter ends by its deadline, authentication and allocation included.", [Gateway]),
        ("I6", "Waiters are independent; only an explicit last Leave can cancel a job.", [Grains, Gateway]),
        ("I7", "Waiters outlive servers: pushes are repeated, gateways attach again, old memory is read again.", [Grains, Gateway, Processes]),
        ("I8", "A gateway that dies takes only its own HTTP connections along.", [Gateway, Processes]),
        ("I9", "An unfinished record is resolved by the next request for it.", [Grains, Gateway, Processes]),
    ];

    /// <summary>The rules that a test project tests.</summary>
    public static IEnumerable<string> TestedIn(Assembly tests) =>
        All.Where(rule => rule.TestedIn.Contains(tests.GetName().Name)).Select(rule => rule.Rule);

    /// <summary>The rules that tests of an assembly claim by the trait, at a test or at its class.</summary>
    public static IEnumerable<string> ClaimedIn(Assembly tests) => tests.GetTypes()
        .SelectMany(type => type.GetMethods().Where(IsTest).SelectMany(test => test.CustomAttributes.Concat(type.CustomAttributes)))
        .Where(attribute => attribute.AttributeType.Name == "TraitAttribute" && attribute.ConstructorArguments[0].Value is Trait)
        .Select(attribute => (string)attribute.ConstructorArguments[1].Value!)
        .Distinct()
        .Order(StringComparer.Ordinal);

    /// <summary>The attributes by their names, since this project knows no test framework. A theory is a fact.</summary>
    private static bool IsTest(MethodInfo method) => method.CustomAttributes.Any(attribute => IsFact(attribute.AttributeType));

    private static bool IsFact(Type? attribute) => attribute is not null && (attribute.Name == "FactAttribute" || IsFact(attribute.BaseType));
}
