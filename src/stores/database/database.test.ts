import { describeOnDatabases } from "../../../test/sql-databases.ts";
import { statesDatabaseLaw } from "./database.contract.ts";

describeOnDatabases("the database", statesDatabaseLaw);
