using Orleans.Services;

namespace SyncCluster.Doors;

/// <summary>
/// The door of one silo, which clients of the cluster address directly: one message has many calls to jobs of this silo, and one reply their answers.
/// Orleans gives a message to another silo if its own can't be reached, so each message says which silo it is for, and another one refuses it.
/// </summary>
[Alias("sync.door")]
public interface IJobDoor : IGrainService
{
    /// <summary>The silo behind the address at which it listens for clients, which is all that a client knows of it.</summary>
    /// <exception cref="OrleansException">The address is another silo's.</exception>
    [Alias("who"), ResponseTimeout("00:00:02")]
    Task<SiloAddress> Who(SiloAddress gateway);

    /// <summary>Makes the calls. The reply has the answers that come within 100 ms, so that no call waits long for a slow one.</summary>
    /// <param name="silo">The silo that the calls are for.</param>
    /// <param name="calls">Calls to jobs. That another silo owns one of them is no fault: it gets the call from this one.</param>
    /// <exception cref="OrleansException">The calls are for another silo: none was made.</exception>
    [Alias("take"), ResponseTimeout("00:00:02")]
    Task<DoorReply> Take(SiloAddress silo, [Immutable] JobCall[] calls);

    /// <summary>Gets answers that were not in the last reply, as soon as there is one.</summary>
    /// <param name="silo">The silo that has made the calls.</param>
    /// <param name="rest"><see cref="DoorReply.Rest"/> of the last reply.</param>
    /// <exception cref="OrleansException">This silo has no answers under that name.</exception>
    [Alias("rest"), ResponseTimeout("00:00:02")]
    Task<DoorReply> Rest(SiloAddress silo, Guid rest);
}

/// <summary>Answers to the calls of one message.</summary>
/// <param name="Answers">Those that are there.</param>
/// <param name="Rest">Under which name to ask for the others; null if these are the last ones.</param>
[GenerateSerializer, Immutable, Alias("sync.door.reply")]
public sealed record DoorReply([property: Id(0)] CallAnswer[] Answers, [property: Id(1)] Guid? Rest);
