import de.bwaldvogel.mongo.MongoBackend;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/** Speaks MongoDB's protocol on a free port of loopback, keeps its documents in memory, and ends with its standard input. */
public class DocumentServer {
  /** The library knows the messages of this version and gives an older number of the protocol, which clients refuse. */
  private static final MongoVersion VERSION =
      new MongoVersion() {
        @Override
        public List<Integer> getVersionArray() {
          return List.of(5, 0, 0);
        }

        @Override
        public int getWireVersion() {
          return 13;
        }
      };

  public static void main(String[] words) throws Exception {
    MongoBackend backend = new MemoryBackend().version(VERSION);
    MongoServer server = new MongoServer(backend);
    server.bind("127.0.0.1", 0);
    System.out.println(server.getLocalAddress().getPort());
    System.in.read();
    server.shutdownNow();
  }
}
